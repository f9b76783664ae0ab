import type { Observable, SchedulerLike } from 'rxjs';
import type { NetworkError } from '../base/errors.ts';
import type { Codec } from '../codec/codec.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import type { SentWaiter } from '../send/outbox.ts';
import type { TlsInfo } from '../transport/tls/tls-info.ts';
import type { Address } from '../transport/address.ts';
import type { CloseReason, Closed } from './closed.ts';
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
import { handlerError } from './errors.ts';
import { Intake } from './intake.ts';
import { ByteOutlet, MessageOutlet, type Outlet } from './outlet.ts';
import { sendFileAsMessage } from './send-file.ts';
import { ReceiveSource } from './sources.ts';

/** Who else takes part in what a coded connection receives: its component. */
export interface Audience<M> {
  readonly observed: boolean;
  received(connection: Connection<M, never>, message: M): void;
}

/**
 * A connection as a codec shows it: messages in, messages out. Everything that is no message is the connection below.
 */
export class CodedConnection<I, M, O, N> implements Connection<M, N> {
  readonly keepsNothing = false; // the codec's encoder may keep what it was given
  private readonly below: Connection<I, O>;
  private readonly codec: Codec<I, M, O, N>;
  private readonly audience: Audience<M> | undefined;
  private receiver: ReceiveSource<M> | undefined = undefined;
  private intake: Intake<I, M> | undefined = undefined;
  private outlet: Outlet<N> | undefined = undefined;
  private intakeIsOver = false;

  constructor(below: Connection<I, O>, codec: Codec<I, M, O, N>, audience?: Audience<M>) {
    this.below = below;
    this.codec = codec;
    this.audience = audience;
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  get receive$(): Observable<M> {
    return (this.receiver ??= new ReceiveSource<M>(this));
  }

  get tls(): TlsInfo | undefined {
    return this.below.tls;
  }

  startTls(options?: StartTlsOptions): Promise<TlsInfo> {
    return this.below.startTls(options);
  }

  send(...data: N[]): SendResult {
    const outlet = this.outlet ?? this.makeOutlet();
    return data.length === 1 ? outlet.send(data[0] as N) : outlet.sendAll(data);
  }

  through<L, K>(codec: Codec<M, L, N, K>): Connection<L, K> {
    return new CodedConnection(this, codec);
  }

  /** Whether somebody listens to the messages. */
  get wanted(): boolean {
    return this.receiver?.observed === true || this.audience?.observed === true;
  }

  /** @internal Reads from below if somebody listens, and stops if not. */
  updateReading(): void {
    if (this.intake !== undefined) this.intake.update();
    else if (this.wanted) this.beginReading();
  }

  private beginReading(): void {
    try {
      this.intake = new Intake<I, M>(this.below, this.codec, this);
    } catch (error) {
      this.below.fail('handler', handlerError(error)); // the codec is broken
      return;
    }
    this.intake.update();
  }

  /** @internal */
  deliver(message: M): boolean {
    const { receiver, audience } = this;
    let wanted = false;
    if (receiver?.observed === true) {
      wanted = true;
      receiver.publish(message);
    }
    if (audience?.observed === true) {
      wanted = true;
      audience.received(this, message);
    }
    return wanted;
  }

  /** @internal */
  intakeEnded(error: NetworkError | undefined): void {
    this.intakeIsOver = true;
    this.receiver?.finish(error);
  }

  get receiveEnded(): boolean {
    return this.intakeIsOver || (this.intake === undefined && this.below.receiveEnded);
  }

  /** @internal An observer of the messages threw. */
  observerThrew(error: unknown): void {
    this.below.observerThrew(error);
  }

  private makeOutlet(): Outlet<N> {
    const { below } = this;
    const encoder = this.codec.encoder();
    this.outlet =
      below instanceof CodedConnection
        ? new MessageOutlet<N, O>(below, encoder)
        : new ByteOutlet<N>(below as never, encoder as never);
    return this.outlet;
  }

  get pending(): number {
    return this.below.pending;
  }

  sendFile(path: string, around: FileSurroundings<N> = {}): Observable<number> {
    return sendFileAsMessage(path, around, this);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.below.flush(signal);
  }

  whenSent(waiter: SentWaiter): void {
    this.below.whenSent(waiter);
  }

  end(): void {
    this.below.end();
  }

  disconnect(force = false): void {
    this.below.disconnect(force);
  }

  fail(reason: CloseReason, error: NetworkError): void {
    this.below.fail(reason, error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.below[Symbol.asyncDispose]();
  }

  tapWire(tap: WireTap): () => void {
    return this.below.tapWire(tap);
  }

  onReading(listener: ReadingListener): void {
    this.below.onReading(listener);
  }

  feedFrom(feeder: Feeder): void {
    this.below.feedFrom(feeder);
  }

  pendingChanged(): void {
    this.below.pendingChanged();
  }

  // ---- the connection below ------------------------------------------------------------------------------------

  get id(): number {
    return this.below.id;
  }

  get state(): ConnectionState {
    return this.below.state;
  }

  get local(): Address {
    return this.below.local;
  }

  get remote(): Address {
    return this.below.remote;
  }

  get remoteHost(): string | undefined {
    return this.below.remoteHost;
  }

  get extra(): unknown {
    return this.below.extra;
  }

  set extra(value: unknown) {
    this.below.extra = value;
  }

  get close$(): Observable<Closed> {
    return this.below.close$;
  }

  get sent$(): Observable<SentBytes> {
    return this.below.sent$;
  }

  get quiesce$(): Observable<void> {
    return this.below.quiesce$;
  }

  get pending$(): Observable<number> {
    return this.below.pending$;
  }

  get flow(): FlowGate {
    return this.below.flow;
  }

  get reading(): boolean {
    return this.below.reading;
  }

  get bytesIn(): number {
    return this.below.bytesIn;
  }

  get bytesOut(): number {
    return this.below.bytesOut;
  }

  get age(): number {
    return this.below.age;
  }

  get silence(): number {
    return this.below.silence;
  }

  get lastError(): NetworkError | undefined {
    return this.below.lastError;
  }

  get finished(): Closed | undefined {
    return this.below.finished;
  }

  get quiescing(): boolean {
    return this.below.quiescing;
  }

  get deaf(): boolean {
    return this.below.deaf;
  }

  get isShakingHands(): boolean {
    return this.below.isShakingHands;
  }

  get writesAtOnce(): boolean {
    return this.below.writesAtOnce;
  }

  get scheduler(): SchedulerLike {
    return this.below.scheduler;
  }

  reset(): void {
    this.below.reset();
  }

  accepts(bytes: number): SendResult {
    return this.below.accepts(bytes);
  }

  refuse(error: NetworkError): 'refused' {
    return this.below.refuse(error);
  }

  whenFree(waiter: WaitingForFlow): void {
    this.below.whenFree(waiter);
  }

  onEnd(listener: EndListener): void {
    this.below.onEnd(listener);
  }

  offEnd(listener: EndListener): void {
    this.below.offEnd(listener);
  }

  handlerRuns(running: boolean): void {
    this.below.handlerRuns(running);
  }
}
