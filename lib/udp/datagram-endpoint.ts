import { type Observable, asapScheduler } from 'rxjs';
import { NetworkError, type Operation, ProtocolError } from '../base/errors.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { handlerError, warnOf } from '../connection/errors.ts';
import { enter, leave } from '../flow/emission.ts';
import { FlowGate } from '../flow/flow-gate.ts';
import { processFlow } from '../flow/process-flow.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import { lengthOf } from '../send/units.ts';
import type { InetAddress } from '../transport/address.ts';
import type { DatagramHandler, DatagramRequest, DatagramSocket } from '../transport/datagram.ts';
import { inetAddress } from '../transport/inet.ts';
import { type EndpointCounts, EndpointTally } from './endpoint-counts.ts';
import {
  type Datagram,
  type EndpointDropReason,
  type DatagramDropped,
  type DatagramFault,
  type DatagramSent,
} from './endpoint-events.ts';
import { EndpointIntake } from './endpoint-intake.ts';
import { type EndpointEnd, EndpointLife, type Remains } from './endpoint-life.ts';
import type { EndpointSettings } from './endpoint-options.ts';
import { type DatagramBytes, EndpointOutlet, type OutletOwner, addressOf } from './endpoint-outlet.ts';
import { DatagramSource, EndpointFaults, EndpointSource } from './endpoint-source.ts';

const EMPTY = new Uint8Array(0);

/**
 * What components without sessions have in common: one socket, and datagrams from and to anybody.
 *
 * The event Observables are hot, survive a stop, and complete when the endpoint is disposed of; only `state$` replays.
 * Nothing that a single datagram brings ends the endpoint: an observer that throws makes a fault (`ERR_HANDLER`), and
 * the next datagram is delivered.
 */
export abstract class DatagramEndpoint extends EndpointLife {
  /**
   * Bounds what is kept of what was received: flow-aware operators take their leases here. While it is over its mark
   * or held, datagrams wait in the receive queue, and what does not fit there is shed.
   */
  readonly flow: FlowGate;
  /** One slot for the user; it survives restarts. Twin of `SetExtra`. */
  extra: unknown = undefined;

  /**
   * Every datagram, in the order of arrival, empty ones included. While nobody is subscribed they are thrown away
   * (`dropped$`, reason `unobserved`), for there is no holding back who sends them. Never errors.
   */
  readonly receive$: Observable<Datagram>;
  /** Datagrams that the operating system has taken, which does not say that anybody has received them. */
  readonly sent$: Observable<DatagramSent>;
  /** Everything that went wrong. */
  readonly faults$: Observable<DatagramFault>;
  /** Every datagram that was thrown away, and why. */
  readonly dropped$: Observable<DatagramDropped>;
  /** What has passed through since the endpoint was made; the object is always the same. */
  readonly counts: EndpointCounts;

  /** @internal */
  protected readonly settings: EndpointSettings;

  private readonly receives = new DatagramSource(this);
  private readonly sends = new EndpointSource<DatagramSent>(this);
  private readonly faults = new EndpointFaults(this);
  private readonly drops = new EndpointSource<DatagramDropped>(this);
  private readonly intake: EndpointIntake;
  private readonly outlet: EndpointOutlet;
  private readonly tally = new EndpointTally();
  private socket: DatagramSocket | undefined;
  private local: InetAddress | undefined;
  private failure: NetworkError | undefined;
  private pumping = false;
  private flushed: { resolve(): void; reject(error: NetworkError): void }[] = [];

  protected constructor(settings: EndpointSettings, operation: Operation) {
    super(settings.scheduler, operation);
    this.settings = settings;
    const target = {
      flowChanged: (paused: boolean) => paused || this.pumpLater(),
      flowIdle: () => this.finishIfIdle(),
    };
    const { flow: marks, scheduler } = settings;
    this.flow = new FlowGate({ marks, parent: processFlow, target, scheduler });
    this.intake = new EndpointIntake(settings.receiveQueue, (datagram) => this.shed('queue-full', datagram));
    this.outlet = new EndpointOutlet(this.sending, settings);
    this.receive$ = this.receives;
    this.sent$ = this.sends;
    this.faults$ = this.faults;
    this.dropped$ = this.drops;
    this.counts = this.tally;
    this.sources.push(this.receives, this.sends, this.faults, this.drops);
  }

  /** The address that is bound; `undefined` while there is none. */
  get address(): InetAddress | undefined {
    return this.local;
  }

  /** Bytes accepted for sending and not yet taken by the operating system. */
  get pending(): number {
    return this.outlet.pending;
  }

  /** The last thing that went wrong: of {@link faults$}, or why a send was refused. */
  get lastError(): NetworkError | undefined {
    return this.failure;
  }

  /** Resolves when nothing is pending: at once if nothing is. Rejects with `ERR_CLOSED` when it stops before. */
  flush(): Promise<void> {
    if (this.outlet.isIdle) return Promise.resolve();
    return new Promise((resolve, reject) => this.flushed.push({ resolve, reject }));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.flow.close();
  }

  /** @internal */
  override receiversLeft(): void {
    if (this.intake.length > 0) this.pumpLater();
  }

  /** @internal */
  override observerThrew(error: unknown, value: unknown): void {
    const { remote } = (value ?? {}) as { remote?: InetAddress };
    this.fault(handlerError(error), remote);
  }

  // ---- for the kinds of endpoints ------------------------------------------------------------------------------

  /** @internal What the socket is made with. */
  protected abstract get request(): DatagramRequest;

  /** @internal One datagram, to an IP address or the name of a host. */
  protected transmit(data: readonly BytesLike[], host: string, port: number): SendResult {
    const bytes = bytesOf(data);
    if (this.local === undefined) return this.refuse(notStarted(this.state));
    const { maxDatagramSize } = this.settings;
    const length = lengthOf(bytes);
    if (length > maxDatagramSize) return this.refuse(tooLong(length, maxDatagramSize, 'send'));
    return this.outlet.send(bytes, host, port);
  }

  /** @internal */
  protected refuse(error: NetworkError): 'refused' {
    this.failure = error;
    return 'refused';
  }

  protected override fault(error: NetworkError, remote: InetAddress | undefined): void {
    this.failure = error;
    this.tally.faults++;
    if (this.faults.observed) this.faults.publish({ error, remote });
    // A broken handler is a bug that somebody has to hear of.
    else if (error.code === 'ERR_HANDLER') warnOf(error);
  }

  protected override begin(): void {
    processFlow.adopt(this.flow);
  }

  protected override bind(): void {
    this.socket = this.settings.transport.bind(this.request, this.handler);
  }

  protected override get isIdle(): boolean {
    return this.outlet.isIdle && this.flow.items === 0;
  }

  protected override mute(): void {
    for (const datagram of this.intake.clear()) this.shed('stopped', datagram);
  }

  protected override release(_end: EndpointEnd): Remains {
    const received = this.intake.clear();
    const { waiting, inFlight } = this.outlet.close();
    this.socket?.close();
    this.socket = undefined;
    this.local = undefined;
    processFlow.disown(this.flow);
    const error = new NetworkError('ERR_CLOSED', 'the component has stopped', { operation: 'send' });
    for (const waiter of this.flushed.splice(0)) waiter.reject(error);
    const tell = () => {
      for (const datagram of received) this.shed('stopped', datagram);
      for (const datagram of waiting) this.drop('stopped', addressOf(datagram), datagram.bytes);
    };
    const unsent = waiting.reduce((sum, { bytes }) => sum + bytes, inFlight);
    return { unsent, inFlight, tell };
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  private readonly handler: DatagramHandler = {
    bound: (local) => {
      this.local = local;
      const { dualStack } = this.request;
      if (this.socket !== undefined) this.outlet.open(this.socket, local, dualStack);
      this.opened(local);
    },
    received: (data, { address, port }) => {
      this.accept({ data, remote: inetAddress(address, port) });
    },
    drained: () => this.outlet.drained(),
    fault: (error, to) => this.fault(error, to),
    failed: (error) => {
      this.socket = undefined;
      this.broken(error);
    },
  };

  private get sending(): OutletOwner {
    const { sends, tally } = this;
    return {
      get observesSent() {
        return sends.observed;
      },
      handedOver: (bytes) => tally.sent.add(bytes),
      sent: (data, remote) => sends.publish({ data, remote }),
      lost: (reason, remote, bytes) => this.drop(reason, remote, bytes),
      fault: (error, remote) => this.fault(error, remote),
      refuse: (error) => this.refuse(error),
      allSent: () => {
        for (const waiter of this.flushed.splice(0)) waiter.resolve();
        this.finishIfIdle();
      },
    };
  }

  private accept(datagram: Datagram): void {
    const { length } = datagram.data;
    const { maxDatagramSize } = this.settings;
    this.tally.received.add(length);
    if (length > maxDatagramSize) {
      this.shed('oversized', datagram);
      this.fault(tooLong(length, maxDatagramSize, 'receive'), datagram.remote);
    } else if (this.state !== 'started') this.shed('stopped', datagram);
    else if (!this.receives.observed) this.shed('unobserved', datagram);
    else if (this.intake.length > 0 || this.flow.paused) this.intake.push(datagram);
    else this.deliver(datagram);
  }

  private deliver(datagram: Datagram): void {
    this.tally.delivered.add(datagram.data.length);
    const outer = enter(this.flow);
    try {
      this.receives.publish(datagram);
    } finally {
      leave(outer);
    }
  }

  /** Not at once: what is delivered while the gate decides would not be decided on. */
  private pumpLater(): void {
    if (this.pumping || this.intake.length === 0) return;
    this.pumping = true;
    asapScheduler.schedule(() => this.pump());
  }

  private pump(): void {
    this.pumping = false;
    const { intake } = this;
    if (!this.receives.observed) for (const datagram of intake.clear()) this.shed('unobserved', datagram);
    while (intake.length > 0 && !this.flow.paused && this.receives.observed) this.deliver(intake.shift());
  }

  private shed(reason: EndpointDropReason, { data, remote }: Datagram): void {
    this.drop(reason, remote, data.length);
  }

  private drop(reason: EndpointDropReason, remote: InetAddress | undefined, bytes: number): void {
    this.tally.dropped[reason].add(bytes);
    if (this.drops.observed) this.drops.publish({ reason, remote, bytes });
  }
}

function bytesOf(data: readonly BytesLike[]): DatagramBytes {
  const [only] = data;
  if (only === undefined) return EMPTY;
  return data.length === 1 ? toBytes(only) : data.map(toBytes);
}

function notStarted(state: string): NetworkError {
  return new NetworkError('ERR_STATE', `the component is ${state}`, { operation: 'send' });
}

function tooLong(length: number, most: number, operation: Operation): NetworkError {
  const text = `a datagram of ${length} bytes exceeds maxDatagramSize, which is ${most}`;
  return new ProtocolError('ERR_FRAME_LENGTH', text, { operation });
}
