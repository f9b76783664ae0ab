import { asapScheduler } from 'rxjs';
import type { NetworkError } from '../../lib/base/errors.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { lengthOf } from '../../lib/send/units.ts';
import { parseEndpoint } from '../../lib/transport/address.ts';
import type {
  DatagramHandler,
  DatagramRequest,
  DatagramSocket,
  DatagramTransport,
} from '../../lib/transport/datagram.ts';
import { inetAddress } from '../../lib/transport/inet.ts';

/** A transport for datagrams that does what a test says. */
export class FakeDatagrams implements DatagramTransport {
  readonly sockets: FakeSocket[] = [];
  /** What becomes of a bind: it succeeds, fails, or the test says it later. */
  outcome: 'bound' | 'later' | NetworkError = 'bound';

  /** The socket that was made last. */
  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }

  bind(request: DatagramRequest, handler: DatagramHandler): DatagramSocket {
    const socket = new FakeSocket(request, handler);
    const { outcome } = this;
    this.sockets.push(socket);
    if (outcome === 'bound') asapScheduler.schedule(() => socket.bound());
    else if (outcome !== 'later') asapScheduler.schedule(() => socket.fail(outcome));
    return socket;
  }
}

/** A socket of {@link FakeDatagrams}. */
export class FakeSocket implements DatagramSocket {
  readonly request: DatagramRequest;
  /** What was sent, each as `host:port text`. */
  readonly sent: string[] = [];
  /** Which of them somebody wants to hear of if they cannot leave, counted from 0. */
  readonly asked: number[] = [];
  unsent = 0;
  /** Whether the system takes nothing for the time being. */
  behind = false;
  closed = false;

  private readonly handler: DatagramHandler;

  constructor(request: DatagramRequest, handler: DatagramHandler) {
    this.request = request;
    this.handler = handler;
  }

  send(data: Uint8Array | readonly Uint8Array[], port?: number, address?: string, quiet = false): void {
    if (!quiet) this.asked.push(this.sent.length);
    if (this.closed) throw new Error('sent on a closed socket');
    const text = data instanceof Uint8Array ? toText(data) : data.map(toText).join('+');
    this.sent.push(`${address}:${port} ${text}`);
    if (this.behind) this.unsent += lengthOf(data);
  }

  close(): void {
    this.closed = true;
  }

  bound(port = this.request.port === 0 ? 40_000 : this.request.port): void {
    if (!this.closed) this.handler.bound(inetAddress(this.request.host ?? '0.0.0.0', port), undefined);
  }

  /** A datagram comes. */
  receive(text: string | Uint8Array, from = '10.0.0.1:7'): void {
    const { host = '', port = 0 } = parseEndpoint(from);
    this.handler.received(typeof text === 'string' ? utf8(text) : text, { address: host, port });
  }

  /** The system has taken everything. */
  drain(): void {
    this.behind = false;
    this.unsent = 0;
    this.handler.drained();
  }

  fault(error: NetworkError, to = '10.0.0.1:7'): void {
    const { host = '', port = 0 } = parseEndpoint(to);
    this.handler.fault(error, inetAddress(host, port));
  }

  fail(error: NetworkError): void {
    if (this.closed) return;
    this.closed = true;
    this.handler.failed(error);
  }
}
