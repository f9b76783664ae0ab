// One connection: sends requests with the body --message TEXT, --count N of them, and shows the answers.
import type { TcpClientOptions } from 'hpsocket-rx';
import { HttpClient } from 'hpsocket-rx/http';
import { concatMap, finalize, from, mergeMap, range, takeUntil } from 'rxjs';
import { type Given, common, integer, text } from '../support/arguments.ts';
import { fail } from '../support/fail.ts';
import { interrupted$ } from '../support/signals.ts';
import { show } from './show.ts';

export const options = {
  ...common,
  method: text('METHOD', 'POST'),
  path: text('PATH', '/'),
  message: text('TEXT', 'hello'),
  count: integer(1, 1, 1_000_000),
};

export function run(
  { host, port, json, method, path, message, count }: Given<typeof options>,
  tls?: TcpClientOptions['tls'],
): void {
  const client = new HttpClient({ to: { host, port }, tls });

  from(client.start())
    .pipe(
      mergeMap(() => range(1, count)),
      concatMap((number) => client.request({ target: path, method, body: message }).pipe(show(number, json))),
      takeUntil(interrupted$),
      finalize(() => void client.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
