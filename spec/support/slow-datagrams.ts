import { asapScheduler } from 'rxjs';
import type {
  DatagramHandler,
  DatagramRequest,
  DatagramSocket,
  DatagramTransport,
} from '../../lib/transport/datagram.ts';
import { inetAddress } from '../../lib/transport/inet.ts';
import { textOf } from './virtual-datagrams.ts';

/** A transport whose system takes datagrams when the test says so; one socket. */
export class SlowDatagrams implements DatagramTransport, DatagramSocket {
  /** What has left, each as `port text`. */
  readonly left: string[] = [];
  /** Whether the system takes nothing for the time being. */
  behind = false;
  closed = false;

  private queue: { readonly text: string; readonly bytes: number }[] = [];
  private handler: DatagramHandler | undefined;

  /** Datagrams that were handed over and have not left. */
  get waiting(): number {
    return this.queue.length;
  }

  get unsent(): number {
    return this.queue.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  bind({ host = '0.0.0.0' }: DatagramRequest, handler: DatagramHandler): DatagramSocket {
    this.handler = handler;
    asapScheduler.schedule(() => handler.bound(inetAddress(host, 1), undefined));
    return this;
  }

  send(data: Uint8Array, port?: number): void {
    if (this.closed) throw new Error('sent on a closed socket');
    const text = `${port} ${textOf(data)}`;
    if (this.behind || this.queue.length > 0) this.queue.push({ text, bytes: data.length });
    else this.left.push(text);
  }

  close(): void {
    this.closed = true;
    this.queue = [];
  }

  /** A datagram comes from a port. */
  receive(port: number, text = 'x'): void {
    this.handler?.received(Buffer.from(text), { address: '10.0.0.1', port });
  }

  /** The system takes datagrams, and then no more. */
  take(many: number): void {
    for (let i = 0; i < many && this.queue.length > 0; i++) {
      const taken = this.queue.shift();
      if (taken !== undefined) this.left.push(taken.text);
      if (this.queue.length === 0) this.handler?.drained();
    }
  }

  /** The system takes everything again. */
  recover(): void {
    this.behind = false;
    this.take(Infinity);
  }
}
