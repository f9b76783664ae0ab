import type { Observable, SchedulerLike } from 'rxjs';
import type { NetworkError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec } from '../codec/codec.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import type { SentWaiter } from '../send/outbox.ts';
import type { Address } from '../transport/address.ts';
import type { TlsInfo } from '../transport/tls/tls-info.ts';
import type { Closed } from './closed.ts';

/** Bytes that the operating system has taken; the reactive twin of `OnSend` (guide chapter 4). */
export interface SentBytes {
  /** The bytes as they went out, valid only while this is being delivered; copy what you keep. */
  readonly data: Uint8Array;
}

/** What goes before and after a file; see {@link Connection.sendFile}. */
export interface FileSurroundings<Out = BytesLike> {
  readonly head?: Out;
  readonly tail?: Out;
}

/** Options of {@link Connection.startTls}. */
export interface StartTlsOptions {
  /** Bytes that were received too early: they come first in the handshake. */
  readonly early?: BytesLike | undefined;
  /**
   * For the side that has dialled: the name that is asked for and verified.
   * @default as for the component
   */
  readonly serverName?: string | undefined;
}

/** Told of the end of a connection; after `receive$` has ended, before `close$`. */
export interface EndListener {
  connectionEnded(closed: Closed): void;
}

/** Told of what passes between a connection and its wire, below all codecs. Must not throw. */
export interface WireTap {
  /** A chunk has come, and is delivered next. It belongs to others. */
  received(bytes: Uint8Array): void;
  /** The peer has sent FIN. */
  peerEnded(): void;
  /** Our FIN is given to the wire. */
  finSent(): void;
}

/** Told when reading begins and stops. */
export interface ReadingListener {
  readingChanged(reading: boolean): void;
}

/** Waits until reading is not held back any more. */
export interface WaitingForFlow {
  drain(): void;
}

/** Holds encoded bytes back until the end of the turn; part of what the connection has accepted. */
export interface Feeder {
  readonly length: number;
  /** Hands over what there is. */
  flush(): void;
  /** The same, with what has to be said last. */
  finish(): void;
  /** What there is will never be sent. */
  discard(): void;
}

/** Where a connection is in its life. `connecting`: a TLS handshake may be under way. `ending`: our side has ended or is about to. */
export type ConnectionState = 'connecting' | 'open' | 'ending' | 'closed';

/**
 * One connection, whichever component it belongs to and whatever carries it.
 *
 * @typeParam In What is received: bytes, or the messages of a codec.
 * @typeParam Out What can be sent.
 */
export interface Connection<In = Uint8Array, Out = BytesLike> extends AsyncDisposable {
  /** Known before the first event and not used again in the life of the component; counts from 1. */
  readonly id: number;
  readonly state: ConnectionState;
  /**
   * Our end. Known once the connection is established, and kept after it has closed; after a reset by the peer only if
   * it was asked for before.
   */
  readonly local: Address;
  /** What TLS has agreed on, from `handshake$` on, kept after the connection has closed; `undefined` without TLS. */
  readonly tls: TlsInfo | undefined;
  /** The peer's end, kept after the connection has closed. */
  readonly remote: Address;
  /** The host as it was given to connect; `undefined` for an accepted connection. Twin of `GetRemoteHost`. */
  readonly remoteHost: string | undefined;
  /** One slot for the user: connection binding, the twin of `SetConnectionExtra`. */
  extra: unknown;

  /**
   * What the peer sends. Multicast. Reading starts with the first subscriber (of this or of the component's
   * `receive$`) and stops when the last one leaves; nothing is lost in between. Chunks belong to the subscriber.
   *
   * Completes on the peer's FIN or an orderly close, errors with a {@link NetworkError} when the connection fails.
   * While nobody reads, the end of the peer cannot be noticed. An exception thrown by an observer that subscribed
   * here directly closes the connection with reason `handler`, and one that has no error handler is not told of errors;
   * behind operators, RxJS ends the process with an error that nobody handles.
   */
  readonly receive$: Observable<In>;
  /** Bytes taken by the operating system, in order; one event a write. Completes when the connection ends. */
  readonly sent$: Observable<SentBytes>;
  /** Exactly one value, replayed to late subscribers, then completion. Never errors. */
  readonly close$: Observable<Closed>;
  /**
   * The component is stopping: emits once and completes. Who subscribes is expected to bring the connection to an
   * end itself before the deadline; a connection without a subscriber is closed in an orderly way at once.
   */
  readonly quiesce$: Observable<void>;

  /** Bounds what is kept of the received values; see {@link FlowGate}. */
  readonly flow: FlowGate;
  /** Whether the socket is being read. */
  readonly reading: boolean;
  /** Bytes accepted by `send()` that the operating system has not taken. */
  readonly pending: number;
  /** {@link pending} now and after every change. Completes when the connection ends. */
  readonly pending$: Observable<number>;
  /** Bytes received. */
  readonly bytesIn: number;
  /** Bytes taken by the operating system. */
  readonly bytesOut: number;
  /** Milliseconds since the connection was accepted or dialled; twin of `GetConnectPeriod`. */
  readonly age: number;
  /**
   * Milliseconds since something was received, exact to 10 on the default scheduler; NaN with `markSilence: false`.
   * Twin of `GetSilencePeriod`.
   */
  readonly silence: number;
  /** The last error of this connection: why a send was refused, or why it closed. */
  readonly lastError: NetworkError | undefined;

  /**
   * Queues bytes; never blocks. Several arguments are one unit: they stay together and in order (`SendPackets`).
   * The bytes must not be changed until they have been sent.
   *
   * @returns `ok`; `congested` when more than `highPending` bytes are waiting; `refused` when nothing was accepted,
   * because the connection is not open (`ERR_NOT_OPEN`, `ERR_CLOSED`) or `maxPending` would be exceeded
   * (`ERR_SEND_OVERFLOW`): {@link lastError} says which.
   * @throws OptionError (`ERR_OPTION`) for anything that is not bytes or text.
   */
  send(...data: Out[]): SendResult;
  /**
   * Sends a file with something before and after it as one unit; what is sent meanwhile follows behind. The file is
   * read as the peer takes it, so any size is fine; twin of `SendSmallFile`. With a codec, the three together are one
   * message: the file is read as a whole, up to 4 MiB, and what is sent until it has been read goes before it.
   *
   * Cold: each subscription sends once and emits the number of bytes of the unit that the system has taken so far,
   * then completes. Errors when the file cannot be opened (nothing has been sent then) or read, or the connection
   * closes. Unsubscribing ends the unit after the bytes that are already on their way.
   */
  sendFile(path: string, around?: FileSurroundings<Out>): Observable<number>;
  /**
   * Resolves when everything accepted before the call has been taken by the operating system. Rejects with
   * `ERR_CLOSED` when the connection ends before that, with `ERR_ABORTED` when the signal aborts the waiting.
   */
  flush(signal?: AbortSignal): Promise<void>;
  /** Ends our side after everything sent so far (FIN); still receives. */
  end(): void;
  /**
   * Closes. By default in an orderly way: `receive$` completes, everything sent so far is delivered, then FIN.
   * With `force` at once: what waits is lost.
   */
  disconnect(force?: boolean): void;
  /** Closes at once with RST, so that the peer notices a failure; what waits is lost. */
  reset(): void;
  /**
   * This connection as a codec shows it: `receive$` emits messages, `send()` takes them, everything else is the same
   * connection. All messages sent in one turn leave as one write; a message that cannot be encoded is refused. A
   * message that the codec does not understand closes the connection with reason `protocol`: what was sent before is
   * delivered, `receive$` errors with the ProtocolError.
   *
   * Use either this or what comes out of it, not both: bytes that go around the codec confuse the peer. Codecs may be
   * stacked by calling this again on what comes out.
   *
   * @example
   * const packets = connection.through(pack({ flag: 5 }));
   * packets.receive$.subscribe((packet) => packets.send(packet));
   */
  through<M, N>(codec: Codec<In, M, Out, N>): Connection<M, N>;
  /**
   * Begins the TLS handshake on a connection that has carried plain bytes, with option `handshake: 'manual'`; twin of
   * `StartSSLHandShake`. Everything sent before is delivered first; until it is done, nothing can be sent
   * (`ERR_NOT_OPEN`) and nothing is received. What the peer has sent already and nobody has read belongs to the
   * handshake, and so does what was read too far, if it is given here. With a codec, a message that came behind the one
   * after which TLS began, or a part of one, breaks the protocol: somebody in between may have added it.
   *
   * @returns What was agreed on; `close$` and `faults$` tell the same, so that it need not be looked at. Rejects with
   * the error of `close$` when it fails, with `ERR_TLS_PLAIN` when the peer stays plain and may (`allowPlain`), and
   * without an effect with `ERR_STATE` when the component has no `tls` or TLS was started before, `ERR_CLOSED`,
   * `ERR_NOT_OPEN`, `ERR_OPTION`.
   *
   * @example
   * client.receive$.subscribe(({ connection, data }) => {
   *   if (toText(data).startsWith('220')) void connection.startTls();
   * });
   */
  startTls(options?: StartTlsOptions): Promise<TlsInfo>;

  /** @internal Calls the waiter when everything accepted so far has been taken, or never will be. */
  whenSent(waiter: SentWaiter): void;
  /** @internal Calls the listener once, when the connection has ended; at once if it has. Cheaper than `close$`. */
  onEnd(listener: EndListener): void;
  /** @internal Takes back {@link onEnd}. */
  offEnd(listener: EndListener): void;
  /** @internal A handler begins (or ends) to run: the connection is not ended on its own while one does. */
  handlerRuns(running: boolean): void;
  /** @internal Ends the connection because of a failure on our side, or of what the peer sent. */
  fail(reason: Closed['reason'], error: NetworkError): void;
  /** @internal What `send()` would answer if it were given so many bytes now. */
  accepts(bytes: number): SendResult;
  /** @internal Notes why something was not sent. */
  refuse(error: NetworkError): 'refused';
  /**
   * @internal Tells of what passes on the wire, without taking part in it: reading neither begins nor stops because
   * of this. Answers with what ends it.
   */
  tapWire(tap: WireTap): () => void;
  /** @internal Tells whenever reading begins or stops. */
  onReading(listener: ReadingListener): void;
  /** @internal Counts what a codec has encoded among what was sent, and asks for it in time. */
  feedFrom(feeder: Feeder): void;
  /** @internal A feeder has more or less than before. */
  pendingChanged(): void;
  /** @internal Calls once, when something may have changed about what holds back what is received. */
  whenFree(waiting: WaitingForFlow): void;
  /** @internal An observer of what is received threw. */
  observerThrew(error: unknown): void;
  /** @internal Whether nobody refers any more to bytes that were sent: the system has taken all of them. */
  readonly keepsNothing: boolean;
  /** @internal Whether a TLS handshake is under way. */
  readonly isShakingHands: boolean;
  /** @internal Whether every send is a write of its own. */
  readonly writesAtOnce: boolean;
  /** @internal Whether nothing more will be received. */
  readonly receiveEnded: boolean;
  /** @internal Whether what still comes is thrown away. */
  readonly deaf: boolean;
  /** @internal Whether the component has told it to come to an end. */
  readonly quiescing: boolean;
  /** @internal How it ended; `undefined` while it lives. */
  readonly finished: Closed | undefined;
  /** @internal Clock and timers. */
  readonly scheduler: SchedulerLike;
}
