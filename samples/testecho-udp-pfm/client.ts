// Performance test: N clients, each with a socket of its own, send M datagrams of S bytes to an echo server. Datagrams
// may be lost; how many were is part of the result.
import { dialUdp } from 'hpsocket-rx';
import { mergeMap, range, takeUntil } from 'rxjs';
import { interrupted$ } from '../support/signals.ts';
import { reporter } from '../testecho-pfm/reporter.ts';
import { type Plan, buffers, plan as options } from './plan.ts';
import { roundTrips } from './round-trips.ts';

export { options };

export function run(test: Plan): void {
  const connection$ = dialUdp(test, buffers);
  const all = test.connections * test.messages;

  range(0, test.connections)
    .pipe(
      mergeMap(() => connection$),
      roundTrips(test),
      takeUntil(interrupted$),
    )
    .subscribe(reporter(test, ({ messages }) => `${all - messages} of ${all} datagrams were lost`));
}
