import { check, having, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec } from '../codec/codec.ts';
import { TcpAgent } from '../component/tcp-agent.ts';
import { TcpServer } from '../component/tcp-server.ts';
import type { Connection } from '../connection/connection.ts';
import type { ConnectionOptions } from '../connection/settings.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from '../transport/memory.ts';

/** Options of one end of a {@link connectionPair}. */
export interface PairEndOptions<In = Uint8Array, Out = BytesLike> extends ConnectionOptions {
  /**
   * What this end speaks.
   * @default `codec` of the pair; without one, chunks of bytes
   */
  readonly codec?: Codec<Uint8Array, In, BytesLike, Out> | undefined;
}

/** Options of a {@link connectionPair}, with a codec for each end. */
export interface ConnectionPairOptions<
  NearIn = Uint8Array,
  NearOut = BytesLike,
  FarIn = Uint8Array,
  FarOut = BytesLike,
> {
  /** Of the end that has connected. */
  readonly near?: PairEndOptions<NearIn, NearOut>;
  /** Of the end that was accepted. */
  readonly far?: PairEndOptions<FarIn, FarOut>;
  /** Of what is between them: how much it holds, and how much is read at a time. */
  readonly network?: MemoryNetworkOptions;
}

/** Options of a {@link connectionPair} whose ends speak the same. */
export interface CodedPairOptions<In, Out> {
  /** What both ends speak. */
  readonly codec: Codec<Uint8Array, In, BytesLike, Out>;
  readonly near?: ConnectionOptions;
  readonly far?: ConnectionOptions;
  readonly network?: MemoryNetworkOptions;
}

/** Two connections that are connected with each other; see {@link connectionPair}. */
export interface ConnectionPair<
  NearIn = Uint8Array,
  NearOut = BytesLike,
  FarIn = NearIn,
  FarOut = NearOut,
> extends AsyncDisposable {
  /** The end that has connected. */
  readonly near: Connection<NearIn, NearOut>;
  /** The end that was accepted. */
  readonly far: Connection<FarIn, FarOut>;
  /**
   * Closes both ends in an orderly way and stops what they belong to; nothing is left behind. What was not received
   * is lost.
   */
  close(): Promise<void>;
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;

const checkOptions = table<Required<ConnectionPairOptions> & { readonly codec?: object | undefined }>({
  near: check<PairEndOptions>({}, 'an object', isObject),
  far: check<PairEndOptions>({}, 'an object', isObject),
  network: check<MemoryNetworkOptions>({}, 'an object', isObject),
  codec: having<object | undefined>('decoder', 'a codec', undefined),
});

/**
 * Two connections inside the process, connected with each other: for tests of what works on a connection, without a
 * socket and without a component to set up. Both are full connections, with flow control, half-close, reset and
 * timeouts; each chunk and each event takes a turn of its own on `asapScheduler`.
 *
 * @throws OptionError (`ERR_OPTION`), as a rejection, for an illegal value or an unknown name.
 *
 * @example
 * await using pair = await connectionPair({ codec: lines() });
 * pair.far.receive$.subscribe((line) => pair.far.send(line.toUpperCase()));
 * const answer = firstValueFrom(pair.near.receive$);
 * pair.near.send('hello');
 * await answer; // 'HELLO'
 */
export async function connectionPair<In, Out>(
  options: CodedPairOptions<In, Out>,
): Promise<ConnectionPair<In, Out>>;
export async function connectionPair<
  NearIn = Uint8Array,
  NearOut = BytesLike,
  FarIn = Uint8Array,
  FarOut = BytesLike,
>(
  options?: ConnectionPairOptions<NearIn, NearOut, FarIn, FarOut>,
): Promise<ConnectionPair<NearIn, NearOut, FarIn, FarOut>>;
export async function connectionPair(options: object = {}): Promise<ConnectionPair> {
  const { near, far, codec, network } = checkOptions(options as ConnectionPairOptions as never);
  const shared =
    codec === undefined ? {} : { codec: codec as Codec<Uint8Array, Uint8Array, BytesLike, BytesLike> };
  const transport = new MemoryNetwork(network);
  const server = new TcpServer({ ...shared, ...far, transport, port: PORT });
  const agent = new TcpAgent({ ...shared, ...near, transport });
  await server.start();
  await agent.start();
  const accepted = new Promise<Connection>((resolve) => server.accept$.subscribe(resolve));
  const nearEnd = await agent.connect(PORT);
  const farEnd = await accepted;
  const close = async () => {
    nearEnd.disconnect();
    farEnd.disconnect();
    await Promise.all([agent[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
  };
  return { near: nearEnd, far: farEnd, close, [Symbol.asyncDispose]: close };
}

/** Any; every network has its own ports. */
const PORT = 1;
