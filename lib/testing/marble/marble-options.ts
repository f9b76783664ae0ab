import { check, integer, table } from '../../base/options.ts';
import type { BytesLike } from '../../bytes/bytes-like.ts';
import type { ComponentOptions } from '../../component/options.ts';
import { type EndpointLike, isIP, parseEndpoint } from '../../transport/address.ts';
import type { MarblePeerOptions } from './marble-peer.ts';
import { WINDOW } from './window.ts';

/** Options of `marbleNet`. */
export interface MarbleNetOptions {
  /**
   * Milliseconds from one end of a connection to the other, for bytes, ends and resets. Who connects knows after twice
   * that, who accepts after three times. 0 to 2147483647.
   * @default 0
   */
  readonly latency?: number;
  /**
   * Bytes that the network takes towards a component that does not read; what a peer writes beyond waits at the peer.
   * 1 to 2^30.
   * @default 65536
   */
  readonly window?: number;
  /**
   * Reads, writes and connects after which the test fails, because nothing seems to end it: virtual time has no end
   * of its own. 1 to 2^31 - 1.
   * @default 100000
   */
  readonly maxEvents?: number;
}

/** Options of `MarbleNet.peer`. */
export interface MarbleDialOptions extends MarblePeerOptions {
  /**
   * Where the peer connects to.
   * @default 5555
   */
  readonly to?: EndpointLike;
  /**
   * When it connects, in milliseconds since the test began. 0 to 2147483647.
   * @default 0
   */
  readonly at?: number;
  /**
   * IP address that it connects from.
   * @default '127.0.0.1'
   */
  readonly from?: string;
}

/** Options of `MarbleNet.connection`: of its peer, and of the connection as a component has them. */
export interface MarbleConnectionOptions<In = Uint8Array, Out = BytesLike>
  extends MarblePeerOptions, Omit<ComponentOptions<In, Out>, 'maxConnections'> {}

/** Where servers listen and peers connect to, unless they are told otherwise. */
export const PORT = 5555;
const MAX_WINDOW = 2 ** 30;
/** Longest time, and more than virtual time ever is. */
export const MAX_TIME = 0x7fff_ffff;

/** Checks {@link MarbleNetOptions}. */
export const checkNet = table<MarbleNetOptions>({
  latency: integer({ min: 0, max: MAX_TIME, fallback: 0 }),
  window: integer({ min: 1, max: MAX_WINDOW, fallback: WINDOW }),
  maxEvents: integer({ min: 1, max: 2 ** 31 - 1, fallback: 100_000 }),
});

const peerChecks = {
  reads: check<string>('', 'a diagram', (value) => typeof value === 'string'),
  window: integer({ min: 1, max: MAX_WINDOW, fallback: WINDOW }),
  answersFin: check<boolean | undefined>(undefined, 'true or false', (value) => typeof value === 'boolean'),
};

/** Checks {@link MarblePeerOptions}. */
export const checkPeer = table<MarblePeerOptions>(peerChecks);

/** Checks {@link MarbleDialOptions}. */
export const checkDial = table<MarbleDialOptions>({
  ...peerChecks,
  to: check<EndpointLike>(PORT, 'an address', (value) => {
    parseEndpoint(value as EndpointLike, 'to');
    return true;
  }),
  at: integer({ min: 0, max: MAX_TIME, fallback: 0 }),
  from: check('127.0.0.1', 'an IP address', (value) => typeof value === 'string' && isIP(value) > 0),
});
