// One connection: sends what you type, or --message TEXT --count N, a packet each, and shows the packets that come back.
import { TcpClient, type TcpClientOptions, pack } from 'hpsocket-rx';
import { finalize, from, switchMap, takeUntil } from 'rxjs';
import { type Given, common, messages } from '../support/arguments.ts';
import { eventsOf } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { ofPackets, packetPrinter } from '../support/packet-events.ts';
import { interrupted$ } from '../support/signals.ts';
import { talkOn } from '../support/talk-on.ts';
import { packing } from './packing.ts';

export const options = { ...common, ...packing, ...messages };

export function run(
  { host, port, json, flag, max, ...what }: Given<typeof options>,
  tls?: TcpClientOptions['tls'],
): void {
  const client = new TcpClient({ to: { host, port }, tls, codec: pack({ flag, maxSize: max }) });

  const print = packetPrinter(json);
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
