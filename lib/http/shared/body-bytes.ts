import { Observable, type OperatorFunction } from 'rxjs';
import type { BytesLike } from '../../bytes/bytes-like.ts';
import { Relay } from '../../flow/relay.ts';
import type { BodyWriter } from '../encode/body-writer.ts';
import type { FieldsInit } from '../encode/write-fields.ts';

/**
 * The parts of a body as they go over the wire. Errors with what the writer throws: too much, or too little. Keeps
 * nothing; unsubscribing leaves the source.
 *
 * @param ended Called when the last byte has been passed on.
 */
export function bodyBytes(
  writer: BodyWriter,
  trailers: (() => FieldsInit) | undefined,
  ended: () => void,
): OperatorFunction<BytesLike, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const emit = (piece: Uint8Array) => subscriber.next(piece);
      source.subscribe(
        new Relay<BytesLike, Uint8Array>(
          subscriber,
          (part) => writer.write(part, emit),
          () => {
            writer.end(emit, trailers?.());
            ended();
            subscriber.complete();
          },
        ),
      );
    });
}
