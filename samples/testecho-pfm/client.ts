// Performance test: N connections, each one a client of its own, send M messages of S bytes to an echo server.
import { type DialOptions, dial } from 'hpsocket-rx';
import { mergeMap, range, takeUntil } from 'rxjs';
import { interrupted$ } from '../support/signals.ts';
import { type Plan, plan as options } from './plan.ts';
import { reporter } from './reporter.ts';
import { roundTrips } from './round-trips.ts';

export { options };

export function run(test: Plan, tls?: DialOptions['tls']): void {
  const connection$ = dial(test, { tls });

  range(0, test.connections)
    .pipe(
      mergeMap(() => connection$),
      roundTrips(test),
      takeUntil(interrupted$),
    )
    .subscribe(reporter(test));
}
