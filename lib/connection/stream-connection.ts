import { type Observable, type SchedulerLike, asapScheduler } from 'rxjs';
import { NetworkError, type TimeoutName } from '../base/errors.ts';
import type { Codec } from '../codec/codec.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { enter, leave } from '../flow/emission.ts';
import type { EventSource } from '../flow/event-source.ts';
import { FlowGate, type FlowTarget } from '../flow/flow-gate.ts';
import { Outbox, type OutboxOwner, type SentWaiter } from '../send/outbox.ts';
import type { OverflowPolicy, SendResult } from '../send/outbox-limits.ts';
import type { Address, Endpoint } from '../transport/address.ts';
import type { Handshaking } from '../transport/handshaker.ts';
import { TlsError } from '../transport/tls/tls-error.ts';
import type { TlsInfo } from '../transport/tls/tls-info.ts';
import type { Connecting, Wire, WireHandler } from '../transport/wire.ts';
import type { CloseReason, Closed } from './closed.ts';
import { CodedConnection } from './coded-connection.ts';
import type {
  Connection,
  ConnectionState,
  EndListener,
  Feeder,
  ReadingListener,
  FileSurroundings,
  SentBytes,
  StartTlsOptions,
  WaitingForFlow,
  WireTap,
} from './connection.ts';
import { abortedError, closedError, handlerError, notOpenError, timeoutError, warnOf } from './errors.ts';
import type { ConnectionHost } from './host.ts';
import { sendFile } from './send-file.ts';
import { CloseSource, ConnectionSource, PendingSource, QuiesceSource, ReceiveSource } from './sources.ts';
import { checkStartTls } from './start-tls.ts';
import { type Verdict, failedHandshake, judge } from './verdict.ts';
import { Watch } from './watch.ts';

// What has happened to a connection; bits, because ten thousand connections carry them.
const OPEN = 1;
const READING = 2;
/** The peer's FIN has come. */
const PEER_ENDED = 4;
/** Our FIN has been asked for: nothing more is accepted for sending. */
const ENDING = 8;
/** Our FIN has been given to the wire. */
const FIN_SENT = 16;
/** What still comes is thrown away. */
const MUTE = 32;
/** An orderly close has begun: the drain and linger timeouts run. */
const CLOSING = 512;
/** It ends at once; nothing that happens on the wire meanwhile matters. */
const FORCED = 256;
/** The component stops and waits for the work on what was received. */
const QUIESCING = 64;
/** A TLS handshake is under way: nothing is sent or delivered meanwhile. */
const SHAKING = 1024;
const CLOSED = 128;
/** All that decides whether something can be sent: it can if of these only OPEN is set. */
const SENDABLE = OPEN | SHAKING | ENDING | CLOSED;

/** What a dialled connection knows about its beginning. */
interface Dial {
  readonly target: Endpoint;
  attempt: Connecting | undefined;
  outcome: { readonly opened: () => void; readonly failed: (error: NetworkError) => void } | undefined;
}

/** Observables that few connections need, made when first asked for. */
interface Streams {
  close?: CloseSource;
  sent?: EventSource<SentBytes>;
  pending?: PendingSource;
  lastPending?: number;
  quiesce?: QuiesceSource;
}

/**
 * The connection over a {@link Wire}: the same class for accepted and dialled ones, on any transport. An idle one is
 * small: gate, outbox and Observables are made when they are needed.
 */
export class StreamConnection implements Connection, WireHandler, FlowTarget, OutboxOwner {
  readonly id: number;
  extra: unknown = undefined;
  /** What the component shows instead, if it has a codec. */
  face: (Connection<unknown, never> & { updateReading(): void }) | undefined = undefined;
  bytesIn = 0;
  lastError: NetworkError | undefined = undefined;

  protected readonly host: ConnectionHost;
  private wire: Wire | undefined;
  private flags = 0;
  private handlers = 0;
  /** Bytes that the wire has been given back. */
  private givenBack = 0;
  private openedAt: number;
  private heardAt: number;
  private receiver: ReceiveSource<Uint8Array> | undefined = undefined;
  private gate: FlowGate | undefined = undefined;
  private outbox: Outbox | undefined = undefined;
  private streams: Streams | undefined = undefined;
  private watch: Watch | undefined = undefined;
  private feeders: readonly Feeder[] = NONE;
  private readingListeners: readonly ReadingListener[] = NONE;
  private taps: readonly WireTap[] = NONE;
  private waitingForFlow: WaitingForFlow[] | undefined = undefined;
  private endListeners: EndListener | readonly EndListener[] | undefined = undefined;
  private readonly dial: Dial | undefined;
  private handshake: Handshaking | undefined = undefined;
  private verdict: Verdict | Closed | undefined = undefined;

  /** An accepted connection has a wire, one that is to be dialled a target. */
  constructor(host: ConnectionHost, id: number, wire: Wire | undefined, target?: Endpoint) {
    this.host = host;
    this.id = id;
    this.wire = wire;
    this.dial = target === undefined ? undefined : { target, attempt: undefined, outcome: undefined };
    this.openedAt = host.now();
    this.heardAt = this.openedAt;
  }

  get state(): ConnectionState {
    if (this.is(CLOSED)) return 'closed';
    if (!this.isUsable) return 'connecting';
    return this.is(ENDING) ? 'ending' : 'open';
  }

  get tls(): TlsInfo | undefined {
    return this.wire?.tls;
  }

  get local(): Address {
    return this.wire?.local ?? NO_ADDRESS;
  }

  get remote(): Address {
    if (this.wire !== undefined) return this.wire.remote;
    const target = this.dial?.target;
    if (target === undefined) return NO_ADDRESS;
    if (target.path !== undefined) return { family: 'unix', path: target.path };
    const host = target.host ?? '127.0.0.1';
    return { family: host.includes(':') ? 'IPv6' : 'IPv4', host, port: target.port };
  }

  get remoteHost(): string | undefined {
    return this.dial?.target.host;
  }

  get receive$(): Observable<Uint8Array> {
    return (this.receiver ??= new ReceiveSource(this));
  }

  get close$(): Observable<Closed> {
    return (this.lazy.close ??= new CloseSource(this));
  }

  get sent$(): Observable<SentBytes> {
    return (this.lazy.sent ??= new ConnectionSource<SentBytes>(this));
  }

  get quiesce$(): Observable<void> {
    return (this.lazy.quiesce ??= new QuiesceSource(this));
  }

  get pending$(): Observable<number> {
    return (this.lazy.pending ??= new PendingSource(this));
  }

  get flow(): FlowGate {
    if (this.gate === undefined) {
      const { settings, flow } = this.host;
      const { scheduler } = settings;
      this.gate = new FlowGate({ marks: settings.flow, parent: flow, target: this, scheduler });
      if (this.is(CLOSED)) this.gate.close();
    }
    return this.gate;
  }

  get reading(): boolean {
    return this.is(READING);
  }

  get pending(): number {
    let pending = this.outbox?.pending ?? 0;
    if (this.feeders !== NONE) for (const { length } of this.feeders) pending += length;
    return pending;
  }

  get bytesOut(): number {
    return this.outbox?.sent ?? 0;
  }

  get age(): number {
    return this.finished?.age ?? this.host.now() - this.openedAt;
  }

  get silence(): number {
    return this.host.settings.markSilence ? this.host.now() - this.heardAt : NaN;
  }

  /** Whether nothing more will be received. */
  get receiveEnded(): boolean {
    return this.is(PEER_ENDED | MUTE | CLOSED);
  }

  /** Whether what still comes is thrown away. */
  get deaf(): boolean {
    return this.is(MUTE | CLOSED);
  }

  get keepsNothing(): boolean {
    return this.pending === 0;
  }

  get isShakingHands(): boolean {
    return this.is(SHAKING);
  }

  get writesAtOnce(): boolean {
    return this.host.settings.sendPolicy.name === 'direct';
  }

  get scheduler(): SchedulerLike {
    return this.host.settings.scheduler;
  }

  /** Whether it was cut off instead of coming to an end. */
  get wasForced(): boolean {
    return this.is(FORCED);
  }

  /** Whether the component has told it to come to an end. */
  get quiescing(): boolean {
    return this.is(QUIESCING);
  }

  /** How it ended; `undefined` while it lives. */
  get finished(): Closed | undefined {
    return this.is(CLOSED) ? (this.verdict as Closed) : undefined;
  }

  // ---- life ----------------------------------------------------------------------------------------------------

  /** The connection is established: it may be used from now on, and is read once somebody subscribes. */
  open(wire: Wire): void {
    this.wire = wire;
    this.flags |= OPEN;
    wire.attach(this);
    const { firstByte, readIdle, writeStall } = this.host.settings.timeouts;
    if (this.watch !== undefined || firstByte + readIdle + writeStall > 0) this.watching().opened();
    this.updateReading();
    this.face?.updateReading();
    this.dial?.outcome?.opened();
  }

  /** Begins the TLS handshake on a wire; the connection is open when that is done. */
  shakeHands(wire: Wire, peer?: StartTlsOptions, settled?: (error: NetworkError | undefined) => void): void {
    const { host } = this;
    const { host: target, port } = this.dial?.target ?? {};
    this.wire = wire;
    this.flags |= SHAKING;
    this.watching().handshaking();
    const { serverName, early } = peer ?? {};
    this.handshake = host.handshaker?.shakeHands(
      wire,
      { serverName, early: early === undefined ? undefined : toBytes(early), host: target, port },
      {
        done: (protectedWire) => {
          this.handsShaken(protectedWire);
          settled?.(undefined);
        },
        plain: (plainWire) => {
          this.handsShaken(plainWire);
          settled?.(new TlsError('ERR_TLS_PLAIN', 'the peer does not speak TLS'));
        },
        failed: (error) => {
          this.handshake = undefined;
          this.verdict ??= failedHandshake(error);
          this.finish(undefined);
        },
        wantsKeys: host.observesKeys,
        keylog: (line) => {
          if (!this.is(CLOSED)) host.keylog(this, line);
        },
      },
    );
  }

  startTls(options: StartTlsOptions = {}): Promise<TlsInfo> {
    const result = new Promise<TlsInfo>((resolve, reject) => {
      const reason = this.whyNoTls();
      if (reason !== undefined) throw reason;
      const peer = checkStartTls(options);
      for (const feeder of this.feeders) feeder.flush();
      this.flags |= SHAKING;
      this.setReading(false);
      this.watching().handshaking();
      this.onEnd({ connectionEnded: ({ error }) => reject(error ?? closedError(this.finished)) });
      const settled = (error: NetworkError | undefined) => {
        if (error === undefined) resolve(this.tls as TlsInfo);
        else reject(error);
      };
      // Not in the midst of a chunk, the rest of which is given back to the wire first.
      const begin = () => {
        asapScheduler.schedule(() => {
          if (!this.is(FORCED | CLOSED)) this.shakeHands(this.wire as Wire, peer, settled);
        });
      };
      if (this.outbox === undefined) begin();
      else this.outbox.whenSent({ release: (error) => error === undefined && begin() });
    });
    result.catch(() => undefined); // close$ and faults$ tell the same
    return result;
  }

  /** Dialling has begun: the connect timeout runs. */
  connecting(attempt: Connecting): void {
    if (this.dial !== undefined) this.dial.attempt = attempt;
    if (this.host.settings.timeouts.connect > 0) this.watching().connecting();
  }

  /** Tells when it is established, or that it never will be. */
  whenOpened(opened: (connection: this) => void, failed: (error: NetworkError) => void): void {
    if (this.dial !== undefined) this.dial.outcome = { opened: () => opened(this), failed };
  }

  /** Gives up before the connection is established. */
  abandon(reason: CloseReason, error: NetworkError): void {
    if (!this.is(OPEN)) this.forceClose({ reason, error });
  }

  /** The wire never came about. */
  connectFailed(error: NetworkError): void {
    this.verdict ??= { reason: 'connect', error };
    this.finish(undefined);
  }

  end(): void {
    this.endWriting();
  }

  /** Everything sent so far, then the end of our side. */
  private endWriting(): void {
    if (this.is(ENDING | CLOSED)) return;
    if (!this.isUsable) {
      this.forceClose(LOCAL);
      return;
    }
    for (const feeder of this.feeders) feeder.finish();
    if (this.is(ENDING | CLOSED)) return;
    this.flags |= ENDING;
    this.verdict ??= { reason: this.is(PEER_ENDED) ? 'peer' : 'local', error: undefined };
    if (this.outbox === undefined || this.outbox.isEmpty) this.finishWriting();
    else this.outbox.whenSent({ release: (error) => error === undefined && this.finishWriting() });
  }

  disconnect(force = false): void {
    if (force) this.forceClose({ reason: 'forced', error: undefined });
    else this.closeOrderly(LOCAL);
  }

  reset(): void {
    this.forceClose({ reason: 'forced', error: undefined }, true);
  }

  fail(reason: CloseReason, error: NetworkError): void {
    // A peer that breaks the protocol still gets what was said before, and perhaps what is wrong.
    if (reason === 'protocol') this.failOrderly(reason, error);
    else this.forceClose({ reason, error });
  }

  /** As {@link fail}, but everything that was sent is delivered. */
  failOrderly(reason: CloseReason, error: NetworkError): void {
    if (!this.is(OPEN)) {
      this.forceClose({ reason, error });
      return;
    }
    const verdict = { reason, error };
    if (this.verdict?.error === undefined) this.verdict = verdict;
    this.closeOrderly(verdict);
  }

  /** The component stops. With `drain`, the work on what was received may end first. */
  stop(drain: boolean): void {
    const { quiesce } = this.streams ?? {};
    if (!drain || !this.isUsable) {
      this.forceClose({ reason: 'stop', error: undefined });
    } else if (quiesce?.observed === true) {
      this.flags |= QUIESCING;
      quiesce.tell();
    } else {
      this.flags |= QUIESCING | MUTE;
      this.endReceiving(undefined);
      this.releaseWaiting();
      this.finishIfIdle();
    }
  }

  /** The Observable that owned it was unsubscribed from. */
  retire(): void {
    this.closeOrderly(STOP);
  }

  /** The deadline of the component's stop has come. */
  stopNow(): void {
    if (this.is(FIN_SENT) && this.is(MUTE)) this.lingered();
    else this.forceClose({ reason: 'stop', error: undefined });
  }

  handlerRuns(running: boolean): void {
    if (running) {
      this.handlers++;
    } else {
      this.handlers--;
      this.finishIfIdle();
    }
  }

  onEnd(listener: EndListener): void {
    const { finished, endListeners } = this;
    if (finished !== undefined) listener.connectionEnded(finished);
    else if (endListeners === undefined) this.endListeners = listener;
    else this.endListeners = [...asArray(endListeners), listener];
  }

  offEnd(listener: EndListener): void {
    const rest = asArray(this.endListeners).filter((known) => known !== listener);
    this.endListeners = rest.length > 1 ? rest : rest[0];
  }

  /** A timeout has expired. */
  timedOut(name: TimeoutName, milliseconds: number): void {
    const reason = name === 'connect' ? 'connect' : 'timeout';
    this.forceClose({ reason, error: timeoutError(name, milliseconds) });
  }

  /** The peer has not answered our FIN in time; everything has been handed over, so this is an orderly end. */
  lingered(): void {
    this.wire?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
    if (this.is(CLOSED)) return;
    await new Promise<void>((resolve) => this.close$.subscribe({ complete: resolve }));
  }

  // ---- sending -------------------------------------------------------------------------------------------------

  send(...data: BytesLike[]): SendResult {
    const unit = data.length === 1 ? toBytes(data[0] as BytesLike) : data.map(toBytes);
    if ((this.flags & SENDABLE) !== OPEN) return this.refuse(this.whyNotSent());
    const result = (this.outbox ?? this.makeOutbox()).send(unit);
    if (result === 'refused' && this.is(ENDING | CLOSED)) this.refuse(this.whyNotSent());
    return result;
  }

  through<M, N>(codec: Codec<Uint8Array, M, BytesLike, N>): Connection<M, N> {
    return new CodedConnection<Uint8Array, M, BytesLike, N>(this, codec);
  }

  refuse(error: NetworkError): 'refused' {
    this.lastError = error;
    return 'refused';
  }

  accepts(bytes: number): SendResult {
    if ((this.flags & SENDABLE) !== OPEN) return 'refused';
    const { maxPending, highPending } = this.host.settings;
    const { outbox } = this;
    const pending = outbox === undefined ? bytes : outbox.pending + bytes;
    if (pending > maxPending) return 'refused';
    return pending > highPending ? 'congested' : 'ok';
  }

  tapWire(tap: WireTap): () => void {
    this.taps = [...this.taps, tap];
    return () => {
      this.taps = this.taps.filter((known) => known !== tap);
    };
  }

  onReading(listener: ReadingListener): void {
    this.readingListeners = [...this.readingListeners, listener];
  }

  feedFrom(feeder: Feeder): void {
    this.feeders = [...this.feeders, feeder];
  }

  sendFile(path: string, around: FileSurroundings = {}): Observable<number> {
    return sendFile(path, around, (unit) => {
      if ((this.flags & SENDABLE) !== OPEN) {
        this.refuse(this.whyNotSent());
        throw this.lastError as NetworkError;
      }
      const outbox = this.outbox ?? this.makeOutbox();
      outbox.sendPulled(unit);
      return outbox;
    });
  }

  flush(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        reject(
          new NetworkError('ERR_ABORTED', 'waiting for the flush was aborted', {
            cause: signal?.reason as unknown,
          }),
        );
      };
      if (signal?.aborted === true) {
        giveUp();
        return;
      }
      signal?.addEventListener('abort', giveUp, { once: true });
      this.whenSent({
        release: (error) => {
          signal?.removeEventListener('abort', giveUp);
          if (error === undefined) resolve();
          else reject(error);
        },
      });
    });
  }

  whenSent(waiter: SentWaiter): void {
    for (const feeder of this.feeders) feeder.flush();
    if (this.is(CLOSED) && this.outbox === undefined) waiter.release(closedError(this.finished));
    else if (this.outbox === undefined) waiter.release();
    else this.outbox.whenSent(waiter);
  }

  get observesSent(): boolean {
    return this.host.observesSent || this.streams?.sent?.observed === true;
  }

  bytesSent(data: Uint8Array): void {
    this.streams?.sent?.publish({ data });
    if (this.host.observesSent) this.host.sent(this, data);
  }

  pendingChanged(): void {
    if (this.watch !== undefined || this.streams !== undefined) this.tellPending();
  }

  private tellPending(): void {
    this.watch?.pendingChanged(this.pending, this.bytesOut);
    const { streams } = this;
    if (streams?.pending === undefined || streams.lastPending === this.pending) return;
    streams.lastPending = this.pending;
    streams.pending.publish(this.pending);
  }

  overflowed(policy: OverflowPolicy, error: NetworkError, bytes: number): void {
    this.lastError = error;
    if (policy === 'error') this.host.fault(this, error);
    else if (policy === 'close') this.fail('overflow', error);
    else this.host.dropped(this, 'overflow', bytes);
  }

  // ---- receiving -----------------------------------------------------------------------------------------------

  wireReceived(bytes: Uint8Array): void {
    const { bufferSize } = this.host.settings;
    if (bytes.length <= bufferSize) {
      this.deliver(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += bufferSize) {
      if (!this.is(READING)) {
        if (!this.is(MUTE | CLOSED)) this.wire?.unread(bytes.subarray(at));
        return;
      }
      this.deliver(bytes.subarray(at, at + bufferSize));
    }
  }

  wireEnded(): void {
    for (const tap of this.taps) tap.peerEnded();
    this.flags |= PEER_ENDED;
    this.setReading(false);
    this.endReceiving(undefined);
    if (this.is(FIN_SENT)) this.watch?.rearm();
    else this.finishIfIdle();
  }

  wireWritten(): void {
    this.outbox?.progress();
  }

  wireClosed(error: NetworkError | undefined): void {
    this.finish(error);
  }

  /**
   * Takes back what was read too far: `receive$` emits it again, before anything else. For everybody else it has come
   * already, and is not counted twice.
   */
  giveBack(rest: Uint8Array): void {
    if (rest.length === 0 || this.is(MUTE | CLOSED)) return;
    if (this.is(READING)) {
      this.flow.emit(() => this.receiver?.publish(rest));
    } else {
      this.givenBack += rest.length;
      this.wire?.unread(rest);
    }
  }

  flowChanged(): void {
    this.updateReading();
    if (!this.isHeldBack) this.releaseWaiting();
  }

  flowIdle(): void {
    if (this.is(PEER_ENDED | QUIESCING)) this.finishIfIdle();
  }

  /** Starts or stops reading, as subscribers, gates and the life of the connection have it. */
  updateReading(): void {
    if (!this.is(OPEN) || this.is(PEER_ENDED | SHAKING | CLOSED)) return;
    const wanted = this.receiver?.observed === true || this.host.observesReceive;
    this.setReading(this.is(MUTE) ? this.is(ENDING) : wanted && !this.isHeldBack);
  }

  whenFree(waiting: WaitingForFlow): void {
    if (this.waitingForFlow?.includes(waiting) !== true) (this.waitingForFlow ??= []).push(waiting);
  }

  private releaseWaiting(): void {
    const { waitingForFlow } = this;
    if (waitingForFlow === undefined) return;
    this.waitingForFlow = undefined;
    for (const waiting of waitingForFlow) waiting.drain();
  }

  /** An observer of this connection threw. */
  observerThrew(error: unknown): void {
    this.fail('handler', handlerError(error));
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  private get isHeldBack(): boolean {
    return this.gate?.paused === true || this.host.flow.paused;
  }

  /** Whether it is established, and no handshake is under way. */
  private get isUsable(): boolean {
    return (this.flags & (OPEN | SHAKING)) === OPEN;
  }

  /** Whether any of these flags is set. */
  private is(flags: number): boolean {
    return (this.flags & flags) !== 0;
  }

  private get lazy(): Streams {
    return (this.streams ??= {});
  }

  private watching(): Watch {
    return (this.watch ??= new Watch(this, this.host));
  }

  private makeOutbox(): Outbox {
    const { settings } = this.host;
    this.outbox = new Outbox(this.wire as Wire, this, settings.sendPolicy, settings);
    return this.outbox;
  }

  private deliver(bytes: Uint8Array): void {
    if (this.is(MUTE | CLOSED)) return;
    if (this.givenBack > 0) {
      this.deliverAgain(bytes);
      return;
    }
    const { host } = this;
    this.bytesIn += bytes.length;
    if (this.taps !== NONE) for (const tap of this.taps) tap.received(bytes);
    if (host.settings.markSilence || this.watch !== undefined) {
      if (this.watch === undefined) {
        this.heardAt = host.markingTime();
      } else {
        this.heardAt = host.now();
        this.watch.heard(this.heardAt);
      }
    }
    const outer = enter(this.gate ?? this.flow);
    try {
      this.receiver?.publish(bytes);
      if (host.observesReceive) host.received(this, bytes);
    } finally {
      leave(outer);
    }
  }

  /** Delivers what was given back, to those who have not seen it. */
  private deliverAgain(bytes: Uint8Array): void {
    const known = Math.min(this.givenBack, bytes.length);
    this.givenBack -= known;
    this.flow.emit(() => this.receiver?.publish(known === bytes.length ? bytes : bytes.subarray(0, known)));
    if (known === bytes.length) return;
    if (this.is(READING)) this.deliver(bytes.subarray(known));
    else this.wire?.unread(bytes.subarray(known));
  }

  private setReading(reading: boolean): void {
    if (this.is(READING) === reading) return;
    this.flags ^= READING;
    this.watch?.readingChanged(reading);
    for (const listener of this.readingListeners) listener.readingChanged(reading);
    if (reading) this.wire?.resume();
    else this.wire?.pause();
  }

  /** Nothing more is received; what this makes an operator let go still counts as an emission of this gate. */
  private endReceiving(error: NetworkError | undefined): void {
    const { receiver } = this;
    if (receiver?.observed !== true) return;
    if (this.gate === undefined) {
      receiver.finish(error);
      return;
    }
    const outer = enter(this.gate);
    try {
      receiver.finish(error);
    } finally {
      leave(outer);
    }
  }

  private finishWriting(): void {
    if (this.is(FIN_SENT | CLOSED) || !this.is(OPEN)) return;
    this.flags |= FIN_SENT;
    for (const tap of this.taps) tap.finSent();
    this.wire?.end();
    this.watch?.finSent();
  }

  /** The handshake is done, or the peer may do without. */
  private handsShaken(wire: Wire): void {
    this.handshake = undefined;
    this.flags &= ~SHAKING;
    this.outbox?.moveTo(wire);
    this.open(wire);
    this.host.handshakeDone(this);
  }

  private whyNoTls(): NetworkError | undefined {
    const { handshaker } = this.host;
    if ((this.flags & (SENDABLE | PEER_ENDED)) !== OPEN) return this.whyNotSent();
    if (handshaker !== undefined && this.tls === undefined) return undefined;
    const text =
      handshaker === undefined ? 'the component has no option tls' : 'TLS has been started already';
    return new NetworkError('ERR_STATE', text, { operation: 'connect' });
  }

  /** Ends our side when the peer has ended its own, or the component stops, and all work is done. */
  private finishIfIdle(): void {
    if (this.is(CLOSED) || this.handlers > 0 || (this.gate !== undefined && this.gate.items > 0)) return;
    if (this.is(QUIESCING) && this.is(MUTE)) this.closeOrderly(STOP);
    else if (this.is(PEER_ENDED) && !this.is(ENDING) && !this.host.settings.halfOpen) this.closeOrderly(PEER);
  }

  private closeOrderly(verdict: Verdict): void {
    if (this.is(CLOSED)) return;
    if (!this.isUsable) {
      this.forceClose(verdict);
      return;
    }
    this.verdict ??= this.is(PEER_ENDED) && verdict === LOCAL ? PEER : verdict;
    if (this.is(CLOSING)) return;
    this.flags |= CLOSING | MUTE;
    this.endReceiving(verdict.error);
    this.releaseWaiting();
    this.watching().closing(this.is(FIN_SENT));
    this.endWriting();
    this.updateReading();
  }

  private forceClose(verdict: Verdict, rst = false): void {
    if (this.is(FORCED | CLOSED)) return;
    this.flags |= FORCED | MUTE | ENDING;
    this.verdict = verdict;
    this.outbox?.halt();
    const { wire, handshake } = this;
    if (handshake === undefined && wire !== undefined && this.is(OPEN)) {
      // What is cut short must not look complete to the peer.
      if (rst || this.pending > 0) wire.reset();
      else wire.destroy();
      return;
    }
    this.dial?.attempt?.abort();
    handshake?.abort(rst);
    asapScheduler.schedule(() => this.finish(undefined));
  }

  /** Runs what may end in somebody's teardown, which may throw. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      warnOf(handlerError(error));
    }
  }

  private whyNotSent(): NetworkError {
    const isOver = this.is(ENDING | CLOSED) || (this.is(OPEN) && !this.is(SHAKING));
    return isOver ? closedError(this.finished) : notOpenError();
  }

  /** The one place where a connection becomes closed. */
  private finish(failure: NetworkError | undefined): void {
    if (this.is(CLOSED)) return;
    const { verdict, pending } = this;
    const evidence = { verdict, failure, forced: this.is(FORCED), deaf: this.is(MUTE), unsent: pending };
    const closed: Closed = {
      id: this.id,
      ...judge(evidence),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      unsent: pending,
      age: this.host.now() - this.openedAt,
    };
    this.flags |= CLOSED;
    this.verdict = closed;
    this.host.ended(this);
    if (closed.error !== undefined) this.lastError = closed.error;
    this.watch?.stop();
    this.outbox?.close(closedError(closed));
    for (const feeder of this.feeders) feeder.discard();
    this.endReceiving(closed.error);
    this.gate?.close();
    const { streams } = this;
    streams?.sent?.finish();
    streams?.pending?.finish();
    streams?.quiesce?.finish();
    const endListeners = asArray(this.endListeners);
    this.endListeners = undefined;
    for (const listener of endListeners) this.guard(() => listener.connectionEnded(closed));
    streams?.close?.tell(closed);
    if (closed.error !== undefined) this.host.fault(this, closed.error);
    this.host.closed(this, closed);
    if (!this.is(OPEN)) this.dial?.outcome?.failed(closed.error ?? abortedError());
  }
}

/** How a connection ends when nothing has gone wrong. */
const LOCAL: Verdict = { reason: 'local', error: undefined };
const PEER: Verdict = { reason: 'peer', error: undefined };
const STOP: Verdict = { reason: 'stop', error: undefined };

const NONE: readonly never[] = [];

const NO_ADDRESS: Address = { family: 'IPv4', host: '0.0.0.0', port: 0 };

function asArray(listeners: EndListener | readonly EndListener[] | undefined): readonly EndListener[] {
  if (listeners === undefined) return [];
  return 'connectionEnded' in listeners ? [listeners] : listeners;
}
