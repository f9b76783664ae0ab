import { type Observable, asyncScheduler, isObservable, mergeMap, switchMap, take } from 'rxjs';
import { OptionError } from '../../base/errors.ts';
import type { Resolved } from '../../base/options.ts';
import type { BytesLike } from '../../bytes/bytes-like.ts';
import type { Decoder } from '../../codec/codec.ts';
import { TcpAgent, type TcpAgentOptions } from '../../component/tcp-agent.ts';
import { TcpClient, type TcpClientOptions } from '../../component/tcp-client.ts';
import { TcpServer, type TcpServerOptions } from '../../component/tcp-server.ts';
import type { Connection } from '../../connection/connection.ts';
import { type EndpointLike, parseEndpoint } from '../../transport/address.ts';
import { flushOutstanding } from '../../send/flusher.ts';
import type { Transport } from '../../transport/wire.ts';
import { EventBudget } from './event-budget.ts';
import {
  EVENT_NAMES,
  type EventName,
  asText,
  decoded,
  eventsOf,
  flowOf,
  joinFrames,
  reasonsOf,
} from './expectations.ts';
import { type MarbleExpectation, type MarbleHelpers, expectTexts } from './helpers.ts';
import { link } from './link.ts';
import { loneConnection } from './lone-connection.ts';
import { MarbleListener, type ListenerScript, type NoConnection } from './marble-listener.ts';
import {
  type MarbleConnectionOptions,
  type MarbleDialOptions,
  type MarbleNetOptions,
  MAX_TIME,
  PORT,
  checkDial,
  checkNet,
  checkPeer,
} from './marble-options.ts';
import { MarblePeer, type MarblePeerOptions, RST } from './marble-peer.ts';
import { MarbleTransport } from './marble-transport.ts';
import { type MarbleValues, onlySymbols, readMarbles } from './marbles.ts';
import { WINDOW } from './window.ts';

/** How the other end of a {@link MarbleNet.connection} is known. */
const LOCAL = { family: 'IPv4', host: '127.0.0.1', port: PORT } as const;

/**
 * Begins a network in virtual time, whose peers are marble diagrams, for one `TestScheduler.run`.
 *
 * Call it first, inside `run`. It begins to work in frame 0, after everything has been subscribed to; then bytes take
 * no time, unless there is a `latency`. In one frame, actions of {@link MarbleNet.at} come first, then what peers
 * do, and what arrives comes before timers that expire in the same frame. Components and operators need no scheduler:
 * their default is virtual inside `run`.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal option, and outside of `TestScheduler.run`.
 *
 * @example
 * new TestScheduler(assert.deepEqual).run((helpers) => {
 *   const net = marbleNet(helpers);
 *   const server = net.server({ timeouts: { readIdle: 50 } });
 *   server.receive$.subscribe(({ connection, data }) => connection.send(data));
 *   const peer = net.peer('--a--b');
 *   net.expectSent(peer).toBe('--a--b 49ms |');
 *   net.expectClose(server).toBe('55ms c', { c: 'timeout' });
 * });
 */
export function marbleNet(helpers: MarbleHelpers, options: MarbleNetOptions = {}): MarbleNet {
  return new MarbleNet(helpers, checkNet(options));
}

/** A network in virtual time; see {@link marbleNet}. */
export class MarbleNet {
  /** What `listen`, `dial` and components are given as `transport` to be on this net. */
  readonly transport: Transport;
  /** For {@link listener}: the connect is refused (`ECONNREFUSED`). */
  readonly refuse: NoConnection = { answer: 'refuse' };
  /** For {@link listener}: the connect is never answered. */
  readonly ignore: NoConnection = { answer: 'ignore' };

  private readonly helpers: MarbleHelpers;
  private readonly settings: Resolved<MarbleNetOptions> & { readonly allow: () => boolean };
  private readonly net: MarbleTransport;
  private readonly peers = new WeakMap<object, MarblePeer>();

  /** @internal */
  constructor(helpers: MarbleHelpers, settings: Resolved<MarbleNetOptions>) {
    if (asyncScheduler.now() > MAX_TIME) {
      throw new OptionError('helpers', helpers, 'those of TestScheduler.run, while it runs');
    }
    flushOutstanding();
    const budget = new EventBudget(settings.maxEvents);
    this.helpers = helpers;
    this.settings = { ...settings, allow: () => budget.allow() };
    this.net = new MarbleTransport(this.settings);
    this.transport = this.net;
    // What is scheduled from within frame 0 comes after everything that the test has scheduled for it.
    helpers
      .cold('a')
      .pipe(mergeMap(() => helpers.cold('a')))
      .subscribe(() => this.net.begin());
  }

  /** A server that listens from frame 0 on. @default port 5555 */
  server<In = Uint8Array, Out = BytesLike>(options: TcpServerOptions<In, Out> = {}): TcpServer<In, Out> {
    const server = new TcpServer<In, Out>({ port: PORT, ...options, transport: this.net });
    this.net.whenBegun(() => {
      server.startWith({
        started: () => undefined,
        failed: (error) => {
          if (error.code !== 'ERR_ABORTED' && error.code !== 'ERR_REFUSED') throw error;
        },
      });
    });
    return server;
  }

  /** An agent that is started. */
  agent<In = Uint8Array, Out = BytesLike>(options: TcpAgentOptions<In, Out> = {}): TcpAgent<In, Out> {
    const agent = new TcpAgent<In, Out>({ ...options, transport: this.net });
    void agent.start();
    return agent;
  }

  /** A client that connects in frame 0. @default to port 5555 */
  client<In = Uint8Array, Out = BytesLike>(options: TcpClientOptions<In, Out> = {}): TcpClient<In, Out> {
    const client = new TcpClient<In, Out>({ to: PORT, ...options, transport: this.net });
    this.net.whenBegun(() => void client.start());
    return client;
  }

  /**
   * A raw peer that connects to a server, in frame 0 to port 5555 if the options say nothing else.
   *
   * The diagram begins when the connection is established. Each symbol is a write of its value, or of itself as text;
   * `|` is FIN and `#` RST, which may also come after FIN. As in TCP, bytes and FIN wait while the server does not
   * read, RST does not, and what has not been read when RST comes is lost: so is `a` in `(a#)`. A peer that is refused
   * gets RST.
   *
   * @throws MarbleError for a diagram that makes no sense, OptionError (`ERR_OPTION`) for an illegal option.
   */
  peer(marbles: string, values: MarbleValues<BytesLike> = {}, options: MarbleDialOptions = {}): MarblePeer {
    const { to, at, from, ...peerOptions } = checkDial(options);
    const peer = new MarblePeer({ what: 'peer', marbles, values, options: peerOptions });
    const target = parseEndpoint(to, 'to');
    const address = this.net.localFor(target, from);
    const { window } = peer;
    const caller = { address, window, connected: peer.join.bind(peer), refused: () => peer.refused() };
    this.net.dial(target, caller, at);
    return peer;
  }

  /**
   * A raw listener, for what connects by itself. The first connection does what the first diagram says, counted from
   * the moment when it is established, and so on; {@link refuse} and {@link ignore} stand for connects that fail, and
   * every connect beyond the list is refused.
   *
   * @throws MarbleError for a diagram that makes no sense, OptionError (`ERR_OPTION`) for an illegal option.
   *
   * @example
   * const [, second] = net.listener(5555, [net.refuse, '--a--|']).peers;
   */
  listener(
    address: EndpointLike,
    connections: readonly ListenerScript[],
    values: MarbleValues<BytesLike> = {},
    options: MarblePeerOptions = {},
  ): MarbleListener {
    let remove: () => void = () => undefined;
    const listener = new MarbleListener(connections, values, checkPeer(options), () => remove());
    remove = this.net.add(parseEndpoint(address), listener);
    return listener;
  }

  /**
   * A single connection without a component, established when the test begins, whose incoming bytes are the diagram.
   * It takes the options of a component: `codec` gives it its types. The expectations about peers take it for its
   * peer.
   *
   * @throws MarbleError for a diagram that makes no sense, OptionError (`ERR_OPTION`) for an illegal option.
   *
   * @example
   * const connection = net.connection('--a--|', { a: bytesOf(pack(), 'x') }, { codec: pack() });
   */
  connection<In = Uint8Array, Out = BytesLike>(
    marbles: string,
    values: MarbleValues<BytesLike> = {},
    options: MarbleConnectionOptions<In, Out> = {},
  ): Connection<In, Out> {
    const { reads = '', window = WINDOW, answersFin, ...connectionOptions } = options;
    const peerOptions = checkPeer({ reads, window, answersFin });
    const peer = new MarblePeer({ what: 'connection', marbles, values, options: peerOptions });
    const far = { address: this.net.localFor({ port: PORT }), window: peer.window };
    const [ours, theirs] = link(this.settings, { address: LOCAL, window: this.settings.window }, far);
    this.net.whenBegun(() => peer.join(theirs));
    const connection = loneConnection(ours, connectionOptions);
    this.peers.set(connection, peer);
    return connection;
  }

  /**
   * Does things at their marbles, in frames since now.
   *
   * @throws MarbleError for a symbol without an action.
   */
  at(marbles: string, actions: MarbleValues<() => unknown>): void {
    const read = readMarbles('at', marbles, actions);
    onlySymbols('at', marbles, read, Object.fromEntries(Object.keys(actions).map((name) => [name, ''])));
    this.helpers.cold(marbles).subscribe((symbol) => actions[symbol]?.());
  }

  /**
   * Expects what a peer gets: every read is a value, which is a write of ours unless the peer's window cut it. `|` is
   * our FIN, and nothing is seen after it; `#` is our RST.
   */
  expectSent(peer: MarblePeer | Connection<unknown, never>): MarbleExpectation {
    return this.expectTexts('expectSent', asText(this.peerOf(peer).got$), RST);
  }

  /** Expects what a peer gets as one stream: what comes in one frame is one value. */
  expectStream(peer: MarblePeer | Connection<unknown, never>): MarbleExpectation {
    return this.expectTexts('expectStream', asText(joinFrames(this.peerOf(peer).got$)), RST);
  }

  /** Expects the messages that a codec finds in what a peer gets; a ProtocolError is `#` with its code. */
  expectMessages<M>(
    peer: MarblePeer | Connection<unknown, never>,
    codec: { decoder(): Decoder<Uint8Array, M> },
  ): MarbleExpectation {
    return this.expectTexts('expectMessages', asText(decoded(this.peerOf(peer).got$, codec)), RST);
  }

  /**
   * Expects what an Observable emits, or the `receive$` of a connection, which begins to read by that. `#` stands for
   * an error with the code that `toBe` is given.
   */
  expectReceive(source: Observable<unknown> | { readonly receive$: Observable<unknown> }): MarbleExpectation {
    return this.expectTexts('expectReceive', asText(isObservable(source) ? source : source.receive$));
  }

  /** Expects why a connection closes, or each connection of a component: the reasons of `close$`. */
  expectClose(source: { readonly close$: Observable<{ readonly reason: string }> }): MarbleExpectation {
    return this.expectTexts('expectClose', reasonsOf(source));
  }

  /**
   * Expects when reading pauses (`p`) and goes on (`r`), after it has begun; `|` is the end of the connection. Of an
   * Observable of connections, such as `accept$`, the first one counts.
   */
  expectFlow(source: Connection<unknown, never> | Observable<Connection<unknown, never>>): MarbleExpectation {
    const flow = isObservable(source) ? source.pipe(take(1), switchMap(flowOf)) : flowOf(source);
    return this.expectTexts('expectFlow', flow, undefined, (marbles) => {
      const known = { p: 'reading pauses', r: 'it goes on', '|': 'the end of the connection' };
      onlySymbols('expectFlow', marbles, readMarbles('expectFlow', marbles), known);
    });
  }

  /**
   * Expects events of a component as texts: name, id of the connection, and what there is to say, such as
   * `accept 1`, `receive 1 hello`, `close 1 peer`. Among them `receive` makes all connections be read.
   *
   * @param names Which events. @default accept, connect, receive and close
   */
  expectEvents(
    component: { readonly close$: Observable<unknown> },
    names: readonly EventName[] = ['accept', 'connect', 'receive', 'close'],
  ): MarbleExpectation {
    for (const name of names) {
      if (!EVENT_NAMES.includes(name)) throw new OptionError('names', name, `of ${EVENT_NAMES.join(', ')}`);
    }
    return this.expectTexts('expectEvents', eventsOf(component, names));
  }

  /** Expects every connect that arrives at a raw listener: `accept`, `refuse` or `ignore`. */
  expectConnects(listener: MarbleListener): MarbleExpectation {
    return this.expectTexts('expectConnects', listener.connects$);
  }

  private expectTexts(
    what: string,
    texts: Observable<string>,
    error?: string,
    check?: (marbles: string) => void,
  ): MarbleExpectation {
    return expectTexts(this.helpers, what, texts, error, check);
  }

  private peerOf(peer: MarblePeer | Connection<unknown, never>): MarblePeer {
    const known = peer instanceof MarblePeer ? peer : this.peers.get(peer);
    if (known === undefined) throw new OptionError('peer', peer, 'a peer or connection made by this net');
    return known;
  }
}
