import { OptionError } from '../base/errors.ts';
import { CodedConnection } from '../connection/coded-connection.ts';
import type { Connection } from '../connection/connection.ts';
import { StreamConnection } from '../connection/stream-connection.ts';

/** Told of what passes between a connection and its wire, below all codecs. Must not throw. */
export interface WireTap {
  /** A chunk has come, and is delivered next. It belongs to others. */
  received(bytes: Uint8Array): void;
  /** The peer has sent FIN. */
  peerEnded(): void;
  /** Our FIN is given to the wire. */
  finSent(): void;
}

/** The inside of a {@link StreamConnection} that is listened to. */
interface Tapped {
  deliver(bytes: Uint8Array): void;
  wireEnded(): void;
  finishWriting(): void;
}

/**
 * Listens to a connection without taking part in it: reading neither begins nor stops because of this, and what is
 * received counts for no gate.
 *
 * @returns Ends the listening.
 */
export function tapWire(connection: Connection<unknown, never>, tap: WireTap): () => void {
  const stream = streamBelow(connection);
  const tapped = stream as unknown as Tapped;
  const { deliver, wireEnded, finishWriting } = tapped;
  let tapping = true;
  let ended = false;
  tapped.deliver = (bytes) => {
    if (tapping && !stream.deaf) tap.received(bytes);
    deliver.call(stream, bytes);
  };
  tapped.wireEnded = () => {
    if (tapping) tap.peerEnded();
    wireEnded.call(stream);
  };
  tapped.finishWriting = () => {
    if (tapping && !ended && (stream.state === 'open' || stream.state === 'ending')) {
      ended = true;
      tap.finSent();
    }
    finishWriting.call(stream);
  };
  return () => {
    tapping = false;
  };
}

function streamBelow(connection: Connection<unknown, never>): StreamConnection {
  let layer: unknown = connection;
  while (layer instanceof CodedConnection) layer = (layer as unknown as { below: unknown }).below;
  if (layer instanceof StreamConnection) return layer;
  throw new OptionError('connection', connection, 'a connection of this library');
}
