// One agent, many connections: each sends what you type, or --message TEXT --count N, a packet each.
import { TcpAgent, type TcpAgentOptions } from 'hpsocket-rx';
import { finalize, from, mergeMap, range, takeUntil, toArray } from 'rxjs';
import { type Given, common, integer, messages } from '../support/arguments.ts';
import { lifeOf } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { ofPackets, packetPrinter } from '../support/packet-events.ts';
import { interrupted$ } from '../support/signals.ts';
import { talkOn } from '../support/talk-on.ts';
import { packets } from './packets.ts';
import { limit } from './protocol.ts';

export const options = { ...common, connections: integer(1, 1, 10_000), ...limit, ...messages };

export async function run(
  { host, port, json, connections, max, ...what }: Given<typeof options>,
  tls?: TcpAgentOptions['tls'],
): Promise<void> {
  const agent = new TcpAgent({ tls, codec: packets(max) });

  const print = packetPrinter(json);
  lifeOf(agent).subscribe(print);
  agent.receive$.subscribe(({ connection, data }) => print(ofPackets.receive(connection.id, data)));
  await agent.start();

  range(0, connections)
    .pipe(
      mergeMap(() => agent.connect({ host, port })),
      toArray(),
      mergeMap((all) => from(all)),
      mergeMap((connection) =>
        talkOn(connection, what, (refusal) => print(ofPackets.refused(connection.id, refusal))),
      ),
      takeUntil(interrupted$),
      finalize(() => void agent.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
