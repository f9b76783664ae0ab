import type { Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { NetworkError } from '../base/errors.ts';
import { isIP } from './address.ts';
import type { CastRequest } from './datagram.ts';

/**
 * Prepares a bound socket for multicast and broadcast.
 *
 * @throws What the system says, or a NetworkError (`EADDRNOTAVAIL`) when there is no such interface.
 */
export function prepareCast(socket: Socket, cast: CastRequest, family: 4 | 6): void {
  const { ttl, loop, groups, broadcast } = cast;
  const through = cast.interface === undefined ? undefined : interfaceFor(cast.interface, family);
  if (broadcast) socket.setBroadcast(true);
  if (through !== undefined) socket.setMulticastInterface(through);
  socket.setMulticastTTL(ttl);
  socket.setMulticastLoopback(loop);
  for (const group of groups) socket.addMembership(group, through);
}

/**
 * An interface as the system wants to have it: for IPv4 one of its addresses, for IPv6 the unspecified address with its
 * zone; `undefined` for the system's choice.
 *
 * @param wanted An IP address of the interface, of any family, or its name.
 * @throws NetworkError (`EADDRNOTAVAIL`) when there is none, or it has no address of the family.
 */
export function interfaceFor(wanted: string, family: 4 | 6): string | undefined {
  if (wanted === '0.0.0.0' || wanted === '::') return undefined;
  if (family === 4 && isIP(wanted) === 4) return wanted;
  const [bare, zone = bare] = wanted.split('%') as [string, string?];
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    const isMeant = name === zone || addresses.some(({ address }) => address === bare);
    const own = addresses.filter((address) => address.family === `IPv${family}`);
    const [first] = own;
    if (!isMeant || first === undefined) continue;
    return family === 4 ? first.address : `::%${zoneOf(name, own)}`;
  }
  const error = `${wanted} is no network interface of this machine with an IPv${family} address`;
  throw new NetworkError('EADDRNOTAVAIL', error, { operation: 'connect' });
}

/** Windows numbers its zones, other systems give them the name of the interface. */
function zoneOf(name: string, addresses: readonly { readonly scopeid?: number }[]): string {
  if (process.platform !== 'win32') return name;
  return String(addresses.find(({ scopeid = 0 }) => scopeid !== 0)?.scopeid ?? 0);
}
