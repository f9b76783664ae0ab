import { type RemoteInfo, type Socket, createSocket } from 'node:dgram';
import { Subscription, asapScheduler, asyncScheduler } from 'rxjs';
import { type Operation, systemError } from '../base/errors.ts';
import type { InetAddress } from './address.ts';
import type { DatagramHandler, DatagramRequest, DatagramSocket, DatagramTransport } from './datagram.ts';
import { inetAddress } from './inet.ts';
import { prepareCast } from './udp-cast.ts';
import { type UdpEnds, findEnds } from './udp-ends.ts';

/**
 * UDP, by `node:dgram`.
 *
 * A worker of `node:cluster` has its sockets for itself: shared with other workers, the datagrams of one peer would
 * come to any of them.
 */
export const udp: DatagramTransport = { bind: (request, handler) => new UdpSocket(request, handler) };

class UdpSocket implements DatagramSocket {
  private readonly request: DatagramRequest;
  private readonly handler: DatagramHandler;
  /** What is under way; closed with the socket. */
  private readonly work = new Subscription();
  private socket: Socket | undefined;
  private peer: InetAddress | undefined;
  private isBound = false;
  /** The system was behind, and the handler is to be told when it is not any more. */
  private isBehind = false;

  constructor(request: DatagramRequest, handler: DatagramHandler) {
    this.request = request;
    this.handler = handler;
    const failed = (error: unknown) => this.fail(error, 'connect');
    findEnds(request, this.work, failed, (ends) => this.open(ends));
  }

  get unsent(): number {
    const { socket } = this;
    // Asked of the system once for each datagram, not each time that somebody looks.
    if (!this.isBehind || !this.isBound || socket === undefined) return 0;
    // Empty ones wait, too.
    return socket.getSendQueueCount() === 0 ? 0 : Math.max(socket.getSendQueueSize(), 1);
  }

  send(data: Uint8Array | readonly Uint8Array[], port?: number, address?: string, quiet = false): void {
    if (!this.isBound) return;
    const socket = this.socket as Socket;
    try {
      // Without a callback Node keeps it for itself that a datagram could not be sent; with one it takes longer.
      const told = quiet && !this.isBehind ? undefined : this.sent;
      if (this.peer !== undefined) socket.send(data, told);
      else socket.send(data, port, address, told);
    } catch (error) {
      const to = this.peer ?? (address === undefined ? undefined : inetAddress(address, port ?? 0));
      this.work.add(asapScheduler.schedule(() => this.handler.fault(systemError(error, 'send'), to)));
    }
    if (!this.isBehind && socket.getSendQueueCount() > 0) this.fellBehind(quiet);
  }

  close(): void {
    this.work.unsubscribe();
    this.discard();
  }

  /** The system does not take more for now. */
  private fellBehind(quiet: boolean): void {
    this.isBehind = true;
    // Nobody tells when a quiet one leaves, so that somebody has to look. It is as rare as a full network.
    if (quiet) this.lookAgain();
  }

  private lookAgain(): void {
    const look = () => {
      this.sent(null);
      if (this.isBehind) this.lookAgain();
    };
    this.work.add(asyncScheduler.schedule(look, 1));
  }

  /** One for all datagrams: an error of Node says itself where its datagram was to go. */
  private readonly sent = (error: Error | null): void => {
    if (error !== null && this.isBound) {
      const { address, port } = error as { address?: string; port?: number };
      const to = this.peer ?? (address === undefined ? undefined : inetAddress(address, port ?? 0));
      this.handler.fault(systemError(error, 'send'), to);
    }
    if (!this.isBehind || !this.isBound || this.unsent > 0) return;
    this.isBehind = false;
    this.handler.drained();
  };

  /** Makes a socket with the first ends with which it can be done. */
  private open([ends, ...others]: readonly UdpEnds[], firstError?: unknown): void {
    const { request } = this;
    const lost = (error: unknown) => {
      this.discard();
      if (others.length > 0) this.open(others, firstError ?? error);
      else this.fail(firstError ?? error, 'connect');
    };
    const trying = (step: () => void) => {
      try {
        step();
      } catch (error) {
        lost(error);
      }
    };
    trying(() => {
      const { family, local, peer } = ends as UdpEnds;
      const socket = (this.socket = makeSocket(request, family));
      socket.once('error', lost);
      socket.once('connect', () => this.ready(socket, lost));
      socket.once('listening', () =>
        trying(() => {
          if (request.cast !== undefined) prepareCast(socket, request.cast, family);
          if (peer !== undefined) socket.connect(request.peer?.port ?? 0, peer);
          else this.work.add(asapScheduler.schedule(() => this.ready(socket, lost)));
        }),
      );
      socket.bind({ port: request.port, address: local, exclusive: true });
    });
  }

  private ready(socket: Socket, lost: (error: unknown) => void): void {
    const { handler, request } = this;
    const local = socket.address();
    const peer = request.peer === undefined ? undefined : socket.remoteAddress();
    socket.off('error', lost);
    socket.on('error', (error) => this.receiveFailed(error));
    if (peer === undefined) {
      socket.on('message', (bytes, from) => handler.received(bytes, from));
    } else {
      this.peer = inetAddress(peer.address, peer.port);
      // What came before the socket knew its peer may be anybody's.
      const isFromPeer = ({ port, address }: RemoteInfo) => port === peer.port && address === peer.address;
      socket.on('message', (bytes, from) => {
        if (isFromPeer(from)) handler.received(bytes, from);
      });
    }
    this.isBound = true;
    handler.bound(inetAddress(local.address, local.port), this.peer);
  }

  private receiveFailed(error: NodeJS.ErrnoException): void {
    if (BROKEN.has(error.code ?? '')) this.fail(error, 'receive');
    else this.handler.fault(systemError(error, 'receive'), this.peer);
  }

  private fail(error: unknown, operation: Operation): void {
    this.close();
    this.handler.failed(systemError(error, operation));
  }

  private discard(): void {
    const { socket } = this;
    this.isBound = false;
    this.socket = undefined;
    if (socket === undefined) return;
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.close();
  }
}

/** What reading says of a socket that will never work again; anything else concerns one datagram or one peer. */
const BROKEN: ReadonlySet<string> = new Set(['EBADF', 'ENOTSOCK', 'EINVAL', 'EFAULT']);

function makeSocket(request: DatagramRequest, family: 4 | 6): Socket {
  const { reuseAddress, dualStack, receiveBuffer, sendBuffer } = request;
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr: reuseAddress,
    ...(family === 6 ? { ipv6Only: !dualStack } : {}),
    ...(receiveBuffer > 0 ? { recvBufferSize: receiveBuffer } : {}),
    ...(sendBuffer > 0 ? { sendBufferSize: sendBuffer } : {}),
    lookup: family === 6 ? asIPv6 : asIPv4,
  });
}

type Answer = (error: null, address: string, family: number) => void;

/** There are only IP addresses here. The resolver would take a turn, and a part of the time that a datagram takes. */
function asIPv4(address: string, _options: unknown, callback: Answer): void {
  callback(null, address, 4);
}

function asIPv6(address: string, _options: unknown, callback: Answer): void {
  callback(null, address.includes(':') ? address : `::ffff:${address}`, 6);
}
