// One agent, many connections: each sends what you type, or --message TEXT --count N.
import { TcpAgent, type TcpAgentOptions } from 'hpsocket-rx';
import { finalize, from, mergeMap, range, takeUntil, toArray } from 'rxjs';
import { type Given, common, integer, messages } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { interrupted$ } from '../support/signals.ts';
import { talk } from '../support/talk.ts';

export const options = { ...common, connections: integer(1, 1, 10_000), ...messages };

export async function run(
  { host, port, json, connections, ...what }: Given<typeof options>,
  tls?: TcpAgentOptions['tls'],
): Promise<void> {
  const agent = new TcpAgent({ tls });

  eventsOf(agent).subscribe(printer(json));
  await agent.start();

  range(0, connections)
    .pipe(
      mergeMap(() => agent.connect({ host, port })),
      toArray(),
      mergeMap((all) => from(all).pipe(mergeMap((connection) => talk(connection, what)))),
      takeUntil(interrupted$),
      finalize(() => void agent.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
