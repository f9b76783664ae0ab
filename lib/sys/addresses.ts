import { Subscription } from 'rxjs';
import { NetworkError, systemError } from '../base/errors.ts';
import { callback, having, oneOf, table } from '../base/options.ts';
import { isIP } from '../transport/address.ts';
import type { Candidate } from '../transport/race.ts';
import { resolve } from '../transport/resolve.ts';
import type { Lookup } from '../transport/wire.ts';

/** Kind of an IP address. */
export type IpType = 'IPv4' | 'IPv6';

/** An IP address of a host. */
export interface HostAddress {
  readonly type: IpType;
  /** The address as text. */
  readonly address: string;
}

/** Options of {@link hostAddresses} and {@link hostAddress}. */
export interface HostAddressOptions {
  /**
   * Which addresses are wanted; twin of `EnIPAddrType`.
   * @default 'all'
   */
  readonly type?: 'all' | IpType;
  /**
   * How a host name becomes addresses.
   * @default the system's resolver
   */
  readonly lookup?: Lookup | undefined;
  /** Gives up waiting; the promise rejects with `ERR_ABORTED`, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const checkOptions = table<HostAddressOptions>({
  type: oneOf<'all' | IpType>(['all', 'IPv4', 'IPv6'], 'all'),
  lookup: callback(),
  signal: having<AbortSignal | undefined>('addEventListener', 'an AbortSignal', undefined),
});

/**
 * The kind of IP address that a text is; `undefined` for anything else. Twin of `SYS_IsIPAddress` with its type.
 *
 * An address is nothing more than that: no brackets, no port, no white space, no zone (`fe80::1%eth0`), no leading
 * zeros.
 *
 * @example
 * ipType('::1'); // 'IPv6'
 * ipType('localhost'); // undefined
 */
export function ipType(text: string): IpType | undefined {
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 0) return undefined;
  return family === 4 ? 'IPv4' : 'IPv6';
}

/** Whether a text is an IP address; see {@link ipType}. */
export function isIPAddress(text: string): boolean {
  return ipType(text) !== undefined;
}

/**
 * All addresses of a host, in the order of the resolver. Twin of `SYS_EnumHostIPAddresses`. An IP address is its own.
 *
 * @returns At least one. Rejects with `ENOTFOUND` or another code of the resolver when the host has none, or none of
 * the type that is wanted; with `ERR_ABORTED` when the signal aborts.
 * @throws OptionError (`ERR_OPTION`), by rejecting, for an illegal option.
 *
 * @example
 * for (const { type, address } of await hostAddresses('localhost')) console.log(type, address);
 */
export async function hostAddresses(
  host: string,
  options?: HostAddressOptions,
): Promise<readonly HostAddress[]> {
  const { type, lookup, signal } = checkOptions(options);
  const candidates = await candidatesOf(host, lookup, signal);
  const addresses = candidates
    .map(({ address, family }): HostAddress => ({ type: family === 6 ? 'IPv6' : 'IPv4', address }))
    .filter((found) => type === 'all' || found.type === type);
  if (addresses.length > 0) return addresses;
  throw new NetworkError('ENOTFOUND', `${host} has no ${type} address`, { operation: 'connect' });
}

/** The first of {@link hostAddresses}. Twin of `SYS_GetIPAddress`. */
export async function hostAddress(host: string, options?: HostAddressOptions): Promise<HostAddress> {
  const [first] = await hostAddresses(host, options);
  return first as HostAddress; // there is at least one
}

function candidatesOf(
  host: string,
  lookup: Lookup | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly Candidate[]> {
  return new Promise((found, failed) => {
    const work = new Subscription();
    const abort = () => {
      work.unsubscribe();
      failed(new NetworkError('ERR_ABORTED', 'given up while resolving', { cause: signal?.reason }));
    };
    if (signal?.aborted === true) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    work.add(() => signal?.removeEventListener('abort', abort));
    const end = (then: () => void) => {
      work.unsubscribe();
      then();
    };
    resolve(
      host,
      lookup,
      work,
      (error) => end(() => failed(systemError(error, 'connect'))),
      (candidates) => end(() => found(candidates)),
    );
  });
}
