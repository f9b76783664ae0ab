// Several connections: sends requests with the body --message TEXT, --count N of them at the same time, and shows the answers.
import type { TcpAgentOptions } from 'hpsocket-rx';
import { HttpAgent } from 'hpsocket-rx/http';
import { finalize, mergeMap, range, takeUntil } from 'rxjs';
import { type Given } from '../support/arguments.ts';
import { fail } from '../support/fail.ts';
import { interrupted$ } from '../support/signals.ts';
import { options } from './client.ts';
import { show } from './show.ts';

export { options };

export async function run(
  { host, port, json, method, path, message, count }: Given<typeof options>,
  tls?: TcpAgentOptions['tls'],
): Promise<void> {
  const agent = new HttpAgent({ tls });
  const url = `${tls === undefined ? 'http' : 'https'}://${host}:${port}${path}`;
  await agent.start();

  range(1, count)
    .pipe(
      mergeMap((number) => agent.request({ url, method, body: message }).pipe(show(number, json))),
      takeUntil(interrupted$),
      finalize(() => void agent.stop()),
    )
    .subscribe({ error: fail({ host, port }) });
}
