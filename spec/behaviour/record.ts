import { merge, tap } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';

/**
 * Writes down every event of a component as it comes, as `name id detail`. Received bytes are texts, neighbouring
 * ones joined, for no wire promises how bytes are cut.
 */
export function record(component: Component): string[] {
  const log: string[] = [];
  const note = (...words: (string | number)[]) => void log.push(words.join(' '));
  component.handshake$.subscribe(({ id }) => note('handshake', id));
  component.receive$.subscribe(({ connection: { id }, data }) => {
    const before = log.at(-1);
    if (before?.startsWith(`receive ${id} `) === true) log[log.length - 1] = before + toText(data);
    else note('receive', id, toText(data));
  });
  component.close$.subscribe(({ id, reason }) => note('close', id, reason));
  if (component instanceof TcpServer) {
    component.prepareListen$.subscribe(() => note('prepare-listen'));
    component.accept$.subscribe(({ id }) => note('accept', id));
    component.shutdown$.subscribe(() => note('shutdown'));
  }
  if (component instanceof TcpAgent || component instanceof TcpClient) {
    component.prepareConnect$.subscribe(({ connection: { id } }) => note('prepare-connect', id));
    component.connect$.subscribe(({ id }) => note('connect', id));
  }
  if (component instanceof TcpAgent) component.shutdown$.subscribe(() => note('shutdown'));
  return log;
}

/** Counts every event of a component from now on. */
export function countEvents(component: Component): { count: number } {
  const counter = { count: 0 };
  const { handshake$, receive$, sent$, close$, faults$, dropped$ } = component;
  merge(handshake$, receive$, sent$, close$, faults$, dropped$)
    .pipe(tap(() => counter.count++))
    .subscribe();
  return counter;
}
