// One connection: sends what you type, or --message TEXT --count N, and shows what comes back.
import { TcpClient, type TcpClientOptions } from 'hpsocket-rx';
import { finalize, from, switchMap, takeUntil } from 'rxjs';
import { type Given, common, messages } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { interrupted$ } from '../support/signals.ts';
import { talk } from '../support/talk.ts';

export const options = { ...common, ...messages };

export function run(
  { host, port, json, ...what }: Given<typeof options>,
  tls?: TcpClientOptions['tls'],
): void {
  const client = new TcpClient({ to: { host, port }, tls });

  eventsOf(client).subscribe(printer(json));

  from(client.start())
    .pipe(
      switchMap((connection) => talk(connection, what)),
      takeUntil(interrupted$),
      finalize(() => void client.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
