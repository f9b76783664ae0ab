// A proxy over TCP components: it reads the first head of each connection, everything behind it just passes.
import { type Connection, TcpAgent, TcpServer, flowForEach, handleEach, sendTo } from 'hpsocket-rx';
import {
  HttpError,
  type RequestHead,
  encodeRequestHead,
  encodeResponseHead,
  httpEvents,
} from 'hpsocket-rx/http';
import { EMPTY, type Observable, Subject, catchError, concat, defer, finalize, merge, mergeAll } from 'rxjs';
import { type Given, common } from '../support/arguments.ts';
import { lifeOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';
import { endToEnd, targetOf } from './end-to-end.ts';

export const options = common;

export async function run({ host, port, json }: Given<typeof options>): Promise<void> {
  const agent = new TcpAgent({ halfOpen: true });
  const server = new TcpServer({ host, port });

  server.accept$.pipe(handleEach((near) => proxied(near, agent))).subscribe();
  server.shutdown$.subscribe(() => void agent.stop());
  lifeOf(server).subscribe(printer(json));

  await agent.start();
  await serve(server, { host, port });
}

/** One request of a connection; with CONNECT, whatever it is used for. */
function proxied(near: Connection, agent: TcpAgent): Observable<never> {
  let far: Connection | undefined;
  const back$ = new Subject<Observable<never>>();
  const connect = async (head: RequestHead): Promise<void> => {
    const target = targetOf(head);
    if (target === undefined) throw new HttpError('target-form', head.target);
    far = await agent.connect(target);
    if (head.method === 'CONNECT') near.send('HTTP/1.1 200 OK\r\n\r\n');
    else far.send(passedOn(head));
    back$.next(far.receive$.pipe(sendTo(near, { end: true })));
  };
  const forth$ = near.receive$.pipe(
    // Behind the first head there is nothing to be understood.
    httpEvents('request', { decide: () => 'upgrade' }),
    flowForEach(async (event) => {
      if (event.type === 'headers-complete') await connect(event.head);
      else if (event.type === 'upgrade' && far?.send(event.rest) === 'congested') await far.flush();
    }),
    catchError((error: unknown) => {
      if (far !== undefined) throw error;
      near.send(refusal(error));
      return EMPTY;
    }),
  );
  const ended$ = defer(() => {
    far?.end();
    back$.complete();
    return EMPTY;
  });
  return merge(back$.pipe(mergeAll()), concat(forth$, ended$)).pipe(finalize(() => far?.disconnect()));
}

/** The head as the server behind is to see it. */
function passedOn(head: RequestHead): Uint8Array {
  const { method, path, query, authority, contentLength, chunked } = head;
  const hasBody = chunked || contentLength !== undefined;
  const fields = endToEnd(head.fields, ['host']);
  if (chunked) fields.push(['Transfer-Encoding', 'chunked']);
  return encodeRequestHead({
    method,
    target: query === undefined ? path : `${path}?${query}`,
    host: authority,
    fields,
    body: hasBody ? 'chunked' : undefined,
    keepAlive: false,
  }).bytes;
}

function refusal(error: unknown): Uint8Array {
  const status = error instanceof HttpError ? error.status : 502;
  return encodeResponseHead({ status, keepAlive: false }, { date: false }).bytes;
}
