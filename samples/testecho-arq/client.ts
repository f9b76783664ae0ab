// One peer: sends what you type, or --message TEXT --count N, a message each, and shows what comes back.
import { ArqClient } from 'hpsocket-rx';
import { finalize, from, switchMap, takeUntil } from 'rxjs';
import { type Given, common, messages } from '../support/arguments.ts';
import { eventsOf } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { ofPackets, packetPrinter } from '../support/packet-events.ts';
import { interrupted$ } from '../support/signals.ts';
import { talkOn } from '../support/talk-on.ts';
import { tellHandshakes } from './handshakes.ts';
import { arqOf, reliability } from './reliability.ts';

export const options = { ...common, ...reliability, ...messages };

export function run({ host, port, json, max, fast, ...what }: Given<typeof options>): void {
  const client = new ArqClient({ to: { host, port }, arq: arqOf({ max, fast }) });

  const print = packetPrinter(json);
  tellHandshakes(client, json);
  eventsOf(client).subscribe(print);

  from(client.start())
    .pipe(
      switchMap((connection) =>
        talkOn(connection, what, (refusal) => print(ofPackets.refused(connection.id, refusal))),
      ),
      takeUntil(interrupted$),
      finalize(() => void client.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
