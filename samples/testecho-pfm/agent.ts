// Performance test: one agent with N connections sends M messages of S bytes to an echo server.
import { TcpAgent } from 'hpsocket-rx';
import { finalize, mergeMap, range, takeUntil } from 'rxjs';
import { readOptions } from '../support/arguments.ts';
import { interrupted$ } from '../support/signals.ts';
import { plan } from './plan.ts';
import { reporter } from './reporter.ts';
import { roundTrips } from './round-trips.ts';

const test = readOptions(plan);
const agent = new TcpAgent({ maxConnections: test.connections });
await agent.start();

range(0, test.connections)
  .pipe(
    mergeMap(() => agent.connect(test)),
    roundTrips(test),
    takeUntil(interrupted$),
    finalize(() => void agent.stop()),
  )
  .subscribe(reporter(test));
