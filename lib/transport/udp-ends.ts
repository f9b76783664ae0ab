import { type Subscription, asapScheduler } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { isIP } from './address.ts';
import type { DatagramRequest } from './datagram.ts';
import type { Candidate } from './race.ts';
import { resolve } from './resolve.ts';

/** The two IP addresses of a socket, of one family. */
export interface UdpEnds {
  readonly family: 4 | 6;
  readonly local: string;
  readonly peer: string | undefined;
}

/**
 * Finds the IP addresses that a socket can be made with, in the resolver's order; never from inside the call.
 *
 * @param work Where what is under way is added, so that it can be called off.
 */
export function findEnds(
  request: DatagramRequest,
  work: Subscription,
  failed: (error: unknown) => void,
  found: (ends: readonly UdpEnds[]) => void,
): void {
  const { host, peer } = request;
  const candidates = (name: string | undefined, then: (found: Candidates) => void) => {
    if (name !== undefined) resolve(name, request.lookup, work, failed, then);
    else work.add(asapScheduler.schedule(() => then(undefined)));
  };
  candidates(host, (locals) =>
    candidates(peer?.host, (peers) => {
      const ends = pair(locals, peers, castFamilies(request));
      if (ends.length > 0) found(ends);
      else failed(new NetworkError('ERR_ADDRESS_FAMILY', mismatch(request), { operation: 'connect' }));
    }),
  );
}

type Candidates = readonly Candidate[] | undefined;

/** Every address of the peer with one of this machine; without a peer, every address of this machine. */
function pair(locals: Candidates, peers: Candidates, wanted: readonly (4 | 6)[]): UdpEnds[] {
  const fits = ({ family }: Candidate) => wanted.every((one) => one === family);
  if (peers === undefined) {
    const own = locals ?? [any(wanted[0] ?? 4)];
    return own.filter(fits).map(({ address, family }) => ({ family, local: address, peer: undefined }));
  }
  return peers.filter(fits).flatMap(({ address, family }) => {
    const own = locals === undefined ? any(family) : locals.find((local) => local.family === family);
    return own === undefined ? [] : [{ family, local: own.address, peer: address }];
  });
}

function any(family: 4 | 6): Candidate {
  return { address: family === 6 ? '::' : '0.0.0.0', family };
}

/** The families of the groups, or else of the address of their interface. */
function castFamilies({ cast }: DatagramRequest): (4 | 6)[] {
  const { groups = [], interface: through } = cast ?? {};
  const addresses = groups.length > 0 ? groups : through === undefined ? [] : [through];
  return addresses.map(isIP).filter((family) => family === 4 || family === 6);
}

function mismatch({ host, peer, cast }: DatagramRequest): string {
  const all = [host, peer?.host, ...(cast?.groups ?? []), cast?.interface];
  const named = all.filter((name) => name !== undefined);
  return `${named.join(', ')} have no address family in common`;
}
