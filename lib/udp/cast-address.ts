import { OptionError } from '../base/errors.ts';
import { isIP } from '../transport/address.ts';

/** Whom datagrams to the cast address reach; twin of `EnCastMode` (guide chapter 2, `CM_UNICAST`, …). */
export type CastMode = 'unicast' | 'multicast' | 'broadcast';

/** What says where the cast address is. */
interface CastOptions {
  readonly mode: CastMode;
  readonly castAddress: string | undefined;
}

/**
 * The address of the group or of everybody; `undefined` in mode `unicast`.
 *
 * @throws OptionError (`ERR_OPTION`) when it does not fit the mode.
 */
export function castAddressOf({ mode, castAddress }: CastOptions): string | undefined {
  if (mode === 'unicast') {
    if (castAddress === undefined) return undefined;
    throw new OptionError('castAddress', castAddress, "left out in mode 'unicast'");
  }
  if (mode === 'multicast') {
    if (castAddress !== undefined && isGroup(castAddress)) return castAddress;
    const groups = 'an IP address of a multicast group, 224.0.0.0 to 239.255.255.255 or ff00::/8';
    throw new OptionError('castAddress', castAddress, groups);
  }
  if (castAddress === undefined) return '255.255.255.255';
  if (isIP(castAddress) === 4 && !isGroup(castAddress)) return castAddress;
  throw new OptionError('castAddress', castAddress, 'an IPv4 broadcast address (IPv6 has none)');
}

function isGroup(address: string): boolean {
  const family = isIP(address);
  if (family === 6) return /^ff/i.test(address);
  const first = Number(address.split('.')[0]);
  return family === 4 && first >= 224 && first < 240;
}

/** Any address of this machine, of the family of another address. */
export function anyAddressLike(address: string | undefined): string {
  return address?.includes(':') === true ? '::' : '0.0.0.0';
}
