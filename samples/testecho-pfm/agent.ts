// Performance test: one agent with N connections sends M messages of S bytes to an echo server.
import { TcpAgent, type TcpAgentOptions } from 'hpsocket-rx';
import { finalize, mergeMap, range, takeUntil } from 'rxjs';
import { interrupted$ } from '../support/signals.ts';
import { type Plan, plan as options } from './plan.ts';
import { reporter } from './reporter.ts';
import { roundTrips } from './round-trips.ts';

export { options };

export async function run(test: Plan, tls?: TcpAgentOptions['tls']): Promise<void> {
  const agent = new TcpAgent({ maxConnections: test.connections, tls });
  await agent.start();

  range(0, test.connections)
    .pipe(
      mergeMap(() => agent.connect(test)),
      roundTrips(test),
      takeUntil(interrupted$),
      finalize(() => void agent.stop()),
    )
    .subscribe(reporter(test));
}
