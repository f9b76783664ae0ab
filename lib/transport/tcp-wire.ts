import { type Socket, isIPv4 } from 'node:net';
import { type NetworkError, systemError } from '../base/errors.ts';
import type { Address } from './address.ts';
import type { Wire, WireHandler } from './wire.ts';

/** Where a socket keeps its wire, so that all sockets share the same listener functions. */
const WIRE = Symbol('wire');

interface WiredSocket extends Socket {
  [WIRE]: SocketWire;
  /** Where Node keeps what `remoteAddress` has found. */
  _peername: unknown;
}

/** The addresses of a connection. */
export interface Ends {
  readonly local: Address;
  readonly remote: Address;
}

/** What wires over sockets of `node:net` and `node:tls` have in common. */
export abstract class SocketWire implements Wire {
  abstract readonly local: Address;
  abstract readonly remote: Address;
  /** @internal */
  handler: WireHandler | undefined = undefined;
  protected readonly socket: Socket;
  private written: ((error?: Error | null) => void) | undefined = undefined;
  /** The last time somebody looked, there was something that the system had not taken. */
  private behind = false;
  private failure: NetworkError | undefined = undefined;

  /** The socket has to be connected, paused and allowed to be half open. */
  constructor(socket: Socket) {
    this.socket = socket;
    (socket as WiredSocket)[WIRE] = this;
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  abstract reset(): void;

  get unsent(): number {
    // A socket that failed forgets what it had not sent; so does one that has ended, but then there is nothing.
    const { socket } = this;
    const unsent = socket.writable ? socket.writableLength : Infinity;
    this.behind = unsent > 0;
    return unsent;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.socket.resume();
  }

  pause(): void {
    this.socket.pause();
  }

  unread(rest: Uint8Array): void {
    this.socket.unshift(rest);
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes, this.written ?? this.makeWritten());
  }

  writev(pieces: readonly Uint8Array[]): void {
    const { socket } = this;
    const written = this.written ?? this.makeWritten();
    socket.cork();
    for (const piece of pieces) socket.write(piece, written);
    socket.uncork();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.rememberEnds();
    this.socket.destroy();
  }

  /** @internal */
  ended(): void {
    this.rememberEnds();
    this.handler?.wireEnded();
  }

  /** @internal */
  failed(error: unknown): void {
    this.failure = this.describe(error);
  }

  /** @internal */
  closed(): void {
    const { handler } = this;
    this.handler = undefined;
    handler?.wireClosed(this.failure);
  }

  /** Notes the addresses before the system forgets them. */
  protected abstract rememberEnds(): void;

  /** What went wrong, in the words of this library. */
  protected describe(error: unknown): NetworkError {
    return systemError(error, 'receive');
  }

  /** Takes the wire off its socket, which somebody else is going to use. */
  protected detach(): void {
    const { socket } = this;
    this.handler = undefined;
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', onClose);
  }

  private makeWritten(): (error?: Error | null) => void {
    this.written = (error) => {
      if (this.behind && !error && !this.socket.destroyed) this.handler?.wireWritten();
    };
    return this.written;
  }
}

/** A wire over a socket of `node:net`: TCP or a Unix domain socket. */
export class TcpWire extends SocketWire {
  private endsKnown: Ends | undefined;
  /** The peer, if it has an IPv4 address: four bytes as an integer. Ten thousand objects would be larger. */
  private remoteIPv4 = 0;
  private remotePort = 0;

  /** @param ends For a Unix domain socket, which does not know its path. */
  constructor(socket: Socket, ends?: Ends) {
    super(socket);
    this.endsKnown = ends;
    // Asked for now, since the system does not know it any more after a reset.
    if (ends === undefined) this.rememberRemote(socket as WiredSocket);
  }

  get local(): Address {
    return this.ends().local;
  }

  get remote(): Address {
    if (this.remotePort === 0) return this.ends().remote;
    const { remoteIPv4: ip } = this;
    const host = `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
    return { family: 'IPv4', host, port: this.remotePort };
  }

  reset(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    this.rememberEnds();
    // A Unix domain socket has no RST; closing it with unread bytes is what comes closest.
    if (this.remote.family === 'unix') socket.destroy();
    else socket.resetAndDestroy();
  }

  /** The socket, for a protocol that works on it directly. The wire hears no more of it; it can still end it. */
  release(): Socket {
    this.rememberEnds();
    this.detach();
    return this.socket;
  }

  /** The system forgets the addresses of a closed socket. */
  protected override rememberEnds(): void {
    this.endsKnown ??= addressesOf(this.socket);
  }

  private rememberRemote(socket: WiredSocket): void {
    socket._peername = undefined; // there from the beginning, it does not make the socket's shape a rare one
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || !isIPv4(remoteAddress)) return;
    const [a = 0, b = 0, c = 0, d = 0] = remoteAddress.split('.').map(Number);
    this.remoteIPv4 = (a << 24) | (b << 16) | (c << 8) | d;
    this.remotePort = remotePort ?? 0;
    socket._peername = undefined;
  }

  private ends(): Ends {
    return this.endsKnown ?? addressesOf(this.socket);
  }
}

function onData(this: Socket, bytes: Buffer): void {
  (this as WiredSocket)[WIRE].handler?.wireReceived(bytes);
}

function onEnd(this: Socket): void {
  (this as WiredSocket)[WIRE].ended();
}

function onError(this: Socket, error: Error): void {
  (this as WiredSocket)[WIRE].failed(error);
}

function onClose(this: Socket): void {
  (this as WiredSocket)[WIRE].closed();
}

function addressesOf(socket: Socket): Ends {
  return {
    local: toAddress(socket.localAddress, socket.localPort),
    remote: toAddress(socket.remoteAddress, socket.remotePort),
  };
}

/** An address as Node gives it; unspecified when it does not know it any more. */
export function toAddress(host = '0.0.0.0', port = 0): Address {
  return { family: host.includes(':') ? 'IPv6' : 'IPv4', host, port };
}
