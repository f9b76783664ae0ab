// One socket, many peers: each gets what you type, or --message TEXT --count N, a datagram each.
import { UdpAgent, formatAddress } from 'hpsocket-rx';
import { finalize, from, mergeMap, takeUntil, toArray } from 'rxjs';
import { type Given, common, endpoints, messages } from '../support/arguments.ts';
import { eventsOf } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { ofPackets, packetPrinter } from '../support/packet-events.ts';
import { interrupted$ } from '../support/signals.ts';
import { talkOn } from '../support/talk-on.ts';
import { sizing } from './sizing.ts';

/** The peers are those of --to, or else the one of --host and --port. */
export const options = { ...common, to: endpoints, ...sizing, ...messages };

export async function run(given: Given<typeof options>): Promise<void> {
  const { host, port, json, to, max, ...what } = given;
  const agent = new UdpAgent({ maxDatagramSize: max });

  const print = packetPrinter(json);
  eventsOf(agent).subscribe(print);
  await agent.start();

  from(to ?? [{ host, port }])
    .pipe(
      mergeMap((peer) => agent.connect(peer)),
      toArray(),
      mergeMap((all) => {
        if (!json) console.log(`sending from ${agent.addresses.map(formatAddress).join(' and ')}`);
        return from(all);
      }),
      mergeMap((connection) =>
        talkOn(connection, what, (refusal) => print(ofPackets.refused(connection.id, refusal))),
      ),
      takeUntil(interrupted$),
      finalize(() => void agent.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
