import type { SchedulerLike } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import type { Address } from '../transport/address.ts';
import type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  ListenHandler,
  ListenRequest,
  Listening,
  Transport,
} from '../transport/wire.ts';
import type { Step } from './replay-script.ts';
import { ReplayWire } from './replay-wire.ts';

/** A network with one peer, who follows a script: the first component to listen or to connect gets its connection. */
export class ReplayTransport implements Transport {
  /** The one connection; `undefined` until there is one. */
  wire: ReplayWire | undefined;

  private readonly script: readonly Step[];
  private readonly scheduler: SchedulerLike;
  private readonly local: Address;
  private readonly remote: Address;
  private taken = false;

  constructor(script: readonly Step[], scheduler: SchedulerLike, local?: Address, remote?: Address) {
    this.script = script;
    this.scheduler = scheduler;
    this.local = local ?? NOWHERE;
    this.remote = remote ?? NOWHERE;
  }

  listen(_request: ListenRequest, handler: ListenHandler): Listening {
    const free = this.take();
    const starting = this.scheduler.schedule(() => {
      handler.listening(this.local);
      if (free) handler.accepted(this.makeWire());
    });
    return { close: () => starting.unsubscribe() };
  }

  connect(_request: ConnectRequest, handler: ConnectHandler): Connecting {
    const free = this.take();
    const connecting = this.scheduler.schedule(() => {
      if (free) handler.connected(this.makeWire());
      else handler.failed(new NetworkError('ECONNREFUSED', ONLY_ONE, { operation: 'connect' }));
    });
    return { abort: () => connecting.unsubscribe() };
  }

  /** The part of the peer begins now. */
  makeWire(): ReplayWire {
    this.wire = new ReplayWire(this.script, this.scheduler, this.local, this.remote);
    return this.wire;
  }

  /** Whether the connection is still to be had. */
  take(): boolean {
    const free = !this.taken;
    this.taken = true;
    return free;
  }
}

const ONLY_ONE = 'a replay is one connection, and there has been one already';

const NOWHERE: Address = { family: 'IPv4', host: '127.0.0.1', port: 1 };
