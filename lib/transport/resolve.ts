import { lookup as systemLookup } from 'node:dns';
import { type Subscription, asapScheduler } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { isIP } from './address.ts';
import type { Candidate } from './race.ts';
import type { Lookup } from './wire.ts';

/**
 * Turns a host name into candidates; an IP address is its own. Answers exactly once, never from inside the call.
 *
 * @param lookup The system's resolver if it is left out.
 * @param work Where what is under way is added, so that it can be called off.
 */
export function resolve(
  host: string,
  lookup: Lookup | undefined,
  work: Subscription,
  failed: (error: unknown) => void,
  found: (candidates: readonly Candidate[]) => void,
): void {
  let answered = false;
  const answer = (then: () => void) => {
    if (!answered) work.add(asapScheduler.schedule(then));
    answered = true;
  };
  const family = isIP(host);
  if (family !== 0) {
    answer(() => found([{ address: host, family: family === 6 ? 6 : 4 }]));
    return;
  }
  try {
    (lookup ?? lookupAll)(host, (error, addresses) => {
      if (error) answer(() => failed(error));
      else if (Array.isArray(addresses) && addresses.length > 0) answer(() => found(addresses));
      else
        answer(() =>
          failed(new NetworkError('ENOTFOUND', `${host} has no address`, { operation: 'connect' })),
        );
    });
  } catch (error) {
    answer(() => failed(error));
  }
}

const lookupAll: Lookup = (host, callback) => {
  systemLookup(host, { all: true, verbatim: true }, (error, addresses) => {
    callback(
      error,
      error ? [] : addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })),
    );
  });
};
