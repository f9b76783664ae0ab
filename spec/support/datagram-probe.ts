import type { NetworkError } from '../../lib/base/errors.ts';
import type { InetAddress } from '../../lib/transport/address.ts';
import type {
  DatagramHandler,
  DatagramRequest,
  DatagramSocket,
  DatagramSource,
  DatagramTransport,
} from '../../lib/transport/datagram.ts';
import { afterTest } from './cleanup.ts';

const PLAIN: DatagramRequest = {
  host: undefined,
  port: 0,
  reuseAddress: false,
  dualStack: false,
  receiveBuffer: 0,
  sendBuffer: 0,
  lookup: undefined,
};

/** What can be different about a request. */
export type ProbeOptions = Partial<DatagramRequest>;

/** A datagram socket, closed with the test, and everything that it tells. */
export class Probe implements DatagramHandler {
  /** Names of what was told, in order. */
  readonly calls: string[] = [];
  readonly datagrams: Uint8Array[] = [];
  readonly sources: DatagramSource[] = [];
  readonly faults: { readonly error: NetworkError; readonly to: InetAddress | undefined }[] = [];
  failure: NetworkError | undefined;
  local: InetAddress | undefined;
  peer: InetAddress | undefined;
  /** What it was told inside of a call of its own. */
  readonly tooSoon: string[] = [];
  /** What is done with each datagram. */
  onReceived: (bytes: Uint8Array, from: DatagramSource) => void = () => undefined;

  private readonly socket: DatagramSocket;
  private isCalling = false;
  private look: () => void = () => undefined;

  constructor(transport: DatagramTransport, options: ProbeOptions = {}) {
    this.isCalling = true;
    this.socket = transport.bind({ ...PLAIN, ...options }, this);
    this.isCalling = false;
    afterTest(() => this.close());
  }

  /** A probe that is bound. */
  static async open(transport: DatagramTransport, options?: ProbeOptions): Promise<Probe> {
    const probe = new Probe(transport, options);
    await probe.until(() => probe.local !== undefined || probe.failure !== undefined);
    if (probe.failure !== undefined) throw probe.failure;
    return probe;
  }

  /** The error with which a socket cannot be bound. */
  static async failing(transport: DatagramTransport, options?: ProbeOptions): Promise<NetworkError> {
    const probe = new Probe(transport, options);
    await probe.until(() => probe.calls.length > 0);
    if (probe.failure === undefined) throw new Error(`bound to ${JSON.stringify(probe.local)}`);
    return probe.failure;
  }

  get port(): number {
    return this.local?.port ?? 0;
  }

  get texts(): string[] {
    return this.datagrams.map((bytes) => Buffer.from(bytes).toString());
  }

  get unsent(): number {
    return this.socket.unsent;
  }

  /** Waits for something to be the case; looked at whenever the probe is told something. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.look = () => {
        if (condition()) resolve();
      };
      this.look();
    });
  }

  /** Waits until so many datagrams have come. */
  has(many: number): Promise<void> {
    return this.until(() => this.datagrams.length >= many);
  }

  send(data: Uint8Array | string | readonly Uint8Array[], port?: number, address?: string): void {
    this.isCalling = true;
    this.socket.send(typeof data === 'string' ? Buffer.from(data) : data, port, address);
    this.isCalling = false;
  }

  /** Sends to another probe. */
  sendTo(other: Probe, data: Uint8Array | string | readonly Uint8Array[], host = other.local?.host): void {
    this.send(data, other.port, host);
  }

  close(): void {
    this.isCalling = true;
    this.socket.close();
    this.isCalling = false;
  }

  bound(local: InetAddress, peer: InetAddress | undefined): void {
    this.local = local;
    this.peer = peer;
    this.told('bound');
  }

  received(bytes: Uint8Array, from: DatagramSource): void {
    this.datagrams.push(bytes);
    this.sources.push(from);
    this.onReceived(bytes, from);
    this.told('received');
  }

  drained(): void {
    this.told('drained');
  }

  fault(error: NetworkError, to: InetAddress | undefined): void {
    this.faults.push({ error, to });
    this.told('fault');
  }

  failed(error: NetworkError): void {
    this.failure = error;
    this.told('failed');
  }

  private told(what: string): void {
    this.calls.push(what);
    if (this.isCalling) this.tooSoon.push(what);
    this.look();
  }
}
