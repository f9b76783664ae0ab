import { Subscription, asapScheduler, asyncScheduler } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import { type Address, type Endpoint, formatAddress, isIP } from '../../transport/address.ts';
import type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  ListenHandler,
  ListenRequest,
  Listening,
  Transport,
} from '../../transport/wire.ts';
import { later } from './later.ts';
import { type LinkEnd, type LinkSettings, link } from './link.ts';

/** How a connect is answered. */
export type Answer = 'refuse' | 'ignore' | Acceptance;

/** The side that accepts. */
export interface Acceptance {
  readonly window: number;
  /** Whether it is a raw peer: it takes its place first, so that its diagram comes before timers of the other side. */
  readonly isRaw: boolean;
  accepted(end: LinkEnd): void;
}

/** The side that connects. */
export interface Caller {
  readonly address: Address;
  readonly window: number;
  connected(end: LinkEnd): void;
  refused(): void;
}

/** Somebody who listens. */
export interface Acceptor {
  knock(from: Address): Answer;
}

/** Settings of a {@link MarbleTransport}. */
export interface TransportSettings extends LinkSettings {
  /** Bytes that the network takes towards a component while it does not read. */
  readonly window: number;
}

/**
 * The network of one marble test. Only ports and paths tell listeners apart: every host is the same machine, and
 * names are not looked up. Whatever is asked for before the net has begun happens when it begins.
 */
export class MarbleTransport implements Transport {
  private readonly settings: TransportSettings;
  private readonly acceptors = new Map<string, Acceptor>();
  private before: (() => void)[] | undefined = [];
  private picked = FIRST_PORT;

  constructor(settings: TransportSettings) {
    this.settings = settings;
  }

  /** Runs what has waited for the beginning. */
  begin(): void {
    const { before = [] } = this;
    this.before = undefined;
    for (const work of before) work();
  }

  /** Runs something as soon as the net has begun. */
  whenBegun(work: () => void): void {
    if (this.before === undefined) work();
    else this.before.push(work);
  }

  /** Adds a raw listener; answers with how to remove it. */
  add(endpoint: Endpoint, acceptor: Acceptor): () => void {
    const key = keyOf(endpoint);
    if (this.acceptors.has(key)) throw new Error(`there is a listener at ${formatAddress(endpoint)} already`);
    this.acceptors.set(key, acceptor);
    return () => {
      if (this.acceptors.get(key) === acceptor) this.acceptors.delete(key);
    };
  }

  listen(request: ListenRequest, handler: ListenHandler): Listening {
    const life = new Subscription();
    this.whenBegun(() => {
      life.add(
        asapScheduler.schedule(() => {
          const address = this.bind(request.endpoint);
          if (this.acceptors.has(keyOf(address))) {
            const text = `${formatAddress(address)} is in use`;
            handler.failed(new NetworkError('EADDRINUSE', text, { operation: 'accept' }));
            return;
          }
          life.add(this.add(address, new ComponentAcceptor(request, handler, this.settings.window)));
          handler.listening(address);
        }),
      );
    });
    return { close: () => life.unsubscribe() };
  }

  connect(request: ConnectRequest, handler: ConnectHandler): Connecting {
    const { endpoint, localAddress, localPort } = request;
    const attempt = this.dial(endpoint, {
      address: this.localFor(endpoint, localAddress, localPort),
      window: this.settings.window,
      connected: (end) => handler.connected(end),
      refused: () => {
        const text = `nobody listens at ${formatAddress(endpoint)}`;
        handler.failed(new NetworkError('ECONNREFUSED', text, { operation: 'connect' }));
      },
    });
    return { abort: () => attempt.unsubscribe() };
  }

  /** Connects a component or a raw peer: it knows after a round trip, the other side one way later. */
  dial(endpoint: Endpoint, caller: Caller, delay = 0): Subscription {
    const attempt = new Subscription();
    const { latency } = this.settings;
    const unlessGivenUp = (work: () => void) => () => {
      if (!attempt.closed && this.settings.allow()) work();
    };
    const knock = unlessGivenUp(() => {
      const answer = this.acceptors.get(keyOf(endpoint))?.knock(caller.address) ?? 'refuse';
      if (answer === 'ignore') return;
      later(
        latency,
        unlessGivenUp(() => {
          if (answer === 'refuse') caller.refused();
          else this.establish(endpoint, caller, answer);
        }),
      );
    });
    this.whenBegun(() => attempt.add(asyncScheduler.schedule(knock, delay + latency)));
    return attempt;
  }

  /** The address of an end that connects. */
  localFor(endpoint: Endpoint, host = '127.0.0.1', port = 0): Address {
    if (endpoint.path !== undefined) return { family: 'unix', path: '' };
    return inet(host, port === 0 ? this.pickPort() : port);
  }

  private establish(endpoint: Endpoint, caller: Caller, { window, isRaw, accepted }: Acceptance): void {
    const far = { address: addressOf(endpoint), window };
    const [here, there] = link(this.settings, caller, far);
    const { latency } = this.settings;
    if (isRaw && latency === 0) {
      accepted(there);
      caller.connected(here);
    } else {
      caller.connected(here);
      later(latency, () => accepted(there));
    }
  }

  private bind(endpoint: Endpoint): Address {
    if (endpoint.path !== undefined) return { family: 'unix', path: endpoint.path };
    return inet(endpoint.host ?? '0.0.0.0', endpoint.port === 0 ? this.pickPort() : endpoint.port);
  }

  private pickPort(): number {
    return this.picked++;
  }
}

/** The first of the ports that are nobody's own (RFC 6335 section 6). */
const FIRST_PORT = 49_152;

/** A component that listens. */
class ComponentAcceptor implements Acceptor {
  private readonly request: ListenRequest;
  private readonly handler: ListenHandler;
  private readonly window: number;
  private connections = 0;

  constructor(request: ListenRequest, handler: ListenHandler, window: number) {
    this.request = request;
    this.handler = handler;
    this.window = window;
  }

  knock(): Answer {
    return { window: this.window, isRaw: false, accepted: (end) => this.take(end) };
  }

  private take(end: LinkEnd): void {
    if (this.connections >= this.request.maxConnections) {
      this.handler.turnedAway(end.remote);
      end.destroy();
      return;
    }
    this.connections++;
    end.whenClosed = () => this.connections--;
    this.handler.accepted(end);
  }
}

function keyOf({ path, port }: Endpoint | Address): string {
  return path ?? String(port);
}

function addressOf(endpoint: Endpoint): Address {
  if (endpoint.path !== undefined) return { family: 'unix', path: endpoint.path };
  return inet(endpoint.host ?? '127.0.0.1', endpoint.port);
}

function inet(host: string, port: number): Address {
  const known = isIP(host) > 0 ? host : '127.0.0.1';
  return { family: known.includes(':') ? 'IPv6' : 'IPv4', host: known, port };
}
