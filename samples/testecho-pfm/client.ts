// Performance test: N connections, each one a client of its own, send M messages of S bytes to an echo server.
import { dial } from 'hpsocket-rx';
import { mergeMap, range, takeUntil } from 'rxjs';
import { readOptions } from '../support/arguments.ts';
import { interrupted$ } from '../support/signals.ts';
import { plan } from './plan.ts';
import { reporter } from './reporter.ts';
import { roundTrips } from './round-trips.ts';

const test = readOptions(plan);

range(0, test.connections)
  .pipe(
    mergeMap(() => dial(test)),
    roundTrips(test),
    takeUntil(interrupted$),
  )
  .subscribe(reporter(test));
