// A proxy over the HTTP server and the HTTP agent: requests in absolute form are asked again, CONNECT opens tunnels.
import { type Connection, dial, sendTo } from 'hpsocket-rx';
import { HttpAgent, type HttpExchange, type HttpReply, HttpServer } from 'hpsocket-rx/http';
import { EMPTY, type Observable, catchError, map, merge, mergeMap, of, switchMap } from 'rxjs';
import { type Given, common } from '../support/arguments.ts';
import { lifeOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';
import { endToEnd, targetOf } from './end-to-end.ts';

export const options = common;

export async function run({ host, port, json }: Given<typeof options>): Promise<void> {
  const agent = new HttpAgent();
  const server = new HttpServer({ host, port });
  const answer = (exchange: HttpExchange) =>
    exchange.wantsUpgrade === 'tunnel' ? tunnel(exchange) : forward(exchange, agent);

  server.serve(mergeMap(answer)).subscribe();
  server.shutdown$.subscribe(() => void agent.stop());
  lifeOf(server).subscribe(printer(json));

  await agent.start();
  await serve(server, { host, port });
}

/** Each body is read only as fast as the other side takes it. */
function forward(exchange: HttpExchange, agent: HttpAgent): Observable<HttpReply> {
  const { method, target, head, body$ } = exchange;
  if (targetOf(head) === undefined) return of(exchange.reply({ status: 400 }));
  const hasBody = head.chunked || (head.contentLength ?? 0) > 0;
  const fields = endToEnd(head.fields, ['host', 'expect']);
  return agent.request({ url: target, method, fields, ...(hasBody ? { body: body$ } : {}) }).pipe(
    map(({ head: { status, reason, fields: theirs }, body$: contents }) => {
      const hasContents = method !== 'HEAD' && ![204, 205, 304].includes(status);
      return exchange.reply({
        status,
        reason,
        fields: endToEnd(theirs),
        ...(hasContents ? { body: contents } : {}),
      });
    }),
    catchError(() => (exchange.isAnswered ? EMPTY : of(exchange.reply({ status: 502 })))),
  );
}

/** Everything that is sent on either side passes to the other one, until both have ended. */
function tunnel(exchange: HttpExchange): Observable<HttpReply> {
  const target = targetOf(exchange.head);
  if (target === undefined) return of(exchange.reply({ status: 400 }));
  return dial(target, { halfOpen: true }).pipe(
    switchMap((far) => joined(exchange.upgrade(), far)),
    catchError(() => (exchange.isAnswered ? EMPTY : of(exchange.reply({ status: 502 })))),
  );
}

function joined(near: Connection, far: Connection): Observable<never> {
  return merge(
    near.receive$.pipe(sendTo(far, { end: true })),
    far.receive$.pipe(sendTo(near, { end: true })),
  );
}
