import { NetworkError } from '../../base/errors.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import { enter, leave } from '../../flow/emission.ts';
import type { HttpFields } from '../fields.ts';
import type { ResponseHead } from '../head.ts';
import { type BodyOwner, BodySource } from '../shared/body-source.ts';
import type { ClientRequest } from './client-request.ts';
import { HttpClientResponse } from './client-response.ts';

/** Where the rest of a response comes from. */
export interface ResponseOwner {
  readonly connection: StreamConnection;
  /** Somebody reads the body of the response that is coming. */
  responseRead(response: ReceivedResponse): void;
  /** Nobody wants its body, or nobody does any more. */
  responseLeft(response: ReceivedResponse): void;
  /** An observer of its body threw. */
  responseObserverThrew(error: unknown): void;
}

const NOTHING = Buffer.alloc(0);

/** A response as it comes from a connection. What nobody has read yet is kept: at most what one read has brought. */
export class ReceivedResponse extends HttpClientResponse implements BodyOwner {
  readonly request: ClientRequest;
  readonly head: ResponseHead;
  trailers: HttpFields | undefined = undefined;
  /** Bytes of the body that have come. */
  received = 0;
  /** Nobody will read it. */
  isLeft = false;

  private readonly owner: ResponseOwner;
  private source: BodySource | undefined = undefined;
  /** What has come and nobody has read: the first piece, and the others. */
  private first: Uint8Array | undefined = undefined;
  private others: Uint8Array[] | undefined = undefined;
  private isUsed = false;
  private isOver = false;
  private failure: unknown = undefined;

  constructor(owner: ResponseOwner, head: ResponseHead, request: ClientRequest) {
    super();
    this.owner = owner;
    this.head = head;
    this.request = request;
  }

  get fields(): HttpFields {
    return this.head.fields;
  }

  get connection(): StreamConnection {
    return this.owner.connection;
  }

  get isComplete(): boolean {
    return this.isOver && this.failure === undefined;
  }

  get bodyLength(): number | undefined {
    return this.isOver ? this.received : this.head.contentLength;
  }

  get body$(): BodySource {
    if (this.source === undefined) {
      this.source = new BodySource(this);
      if (this.isLeft) this.source.finish(discarded());
      else if (this.isOver && this.first === undefined) this.source.finish(this.failure);
    }
    return this.source;
  }

  /** Whether somebody reads the body. */
  get isRead(): boolean {
    return this.source?.observed === true;
  }

  discard(): void {
    if (!this.isLeft && !this.isRead) this.leave();
  }

  override takeWhole(limit: number): Uint8Array | undefined {
    if (this.isUsed) throw new NetworkError('ERR_STATE', 'the body has been read', { operation: 'receive' });
    const { first = NOTHING, others, received } = this;
    if (!this.isComplete || this.isLeft || received > limit) return undefined;
    this.isUsed = true;
    this.forget();
    this.source?.finish();
    return others === undefined ? first : Buffer.concat([first, ...others], received);
  }

  // ---- for the connection --------------------------------------------------------------------------------------

  /** A piece of the body has come. */
  take(piece: Uint8Array): void {
    this.received += piece.length;
    if (this.isLeft) return;
    if (this.source?.observed === true) this.source.publish(piece);
    else if (this.first === undefined) this.first = piece;
    else (this.others ??= []).push(piece);
  }

  /** The body has come to its end; or, with an error, never will. */
  finish(error?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.failure = error;
    if (this.first === undefined) this.source?.finish(error);
  }

  bodyWanted(wanted: boolean): void {
    if (wanted) this.begin();
    else if (!this.isLeft) this.leave();
  }

  bodyObserverThrew(error: unknown): void {
    this.owner.responseObserverThrew(error);
  }

  /** Somebody reads: what was kept comes first. */
  private begin(): void {
    this.isUsed = true;
    if (this.first !== undefined) this.deliverKept(this.first);
    if (this.isOver) this.source?.finish(this.failure);
    else if (this.isRead) this.owner.responseRead(this);
  }

  private deliverKept(first: Uint8Array): void {
    const { others = [], connection } = this;
    const source = this.body$;
    this.forget();
    const outer = enter(connection.flow);
    try {
      source.publish(first);
      for (const piece of others) source.publish(piece);
    } finally {
      leave(outer);
    }
  }

  /** Nobody is to have what is left of the body. */
  private leave(): void {
    this.isLeft = true;
    this.forget();
    this.source?.finish(discarded());
    if (!this.isOver) this.owner.responseLeft(this);
  }

  private forget(): void {
    this.first = undefined;
    this.others = undefined;
  }
}

function discarded(): NetworkError {
  return new NetworkError('ERR_STATE', 'the body has been discarded', { operation: 'receive' });
}
