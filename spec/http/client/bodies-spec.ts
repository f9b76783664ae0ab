import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, Subject, concat, firstValueFrom, from, mergeMap, of, throwError, toArray } from 'rxjs';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';
import { closedLater } from '../../behaviour/world.ts';
import { afterTest } from '../../support/cleanup.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, answer, inTime, outcome, rawWorld, serverWorld, startedAgent, textOf } from './world.ts';

/** A server that answers with what it was sent, as it comes. */
const echo = () =>
  serverWorld((exchange) => {
    const { fields, body$ } = exchange;
    const framing = fields.get('content-length') ?? fields.get('transfer-encoding') ?? 'none';
    exchange.respond({ body: body$, fields: { 'X-Framing': framing } });
  });

/** A file, deleted with the test. */
function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'body-'));
  afterTest(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), text);
  return join(folder, 'file');
}

describe('Bodies of requests', () => {
  it.each([
    ['text', 'grüß dich', '11'],
    ['bytes', new Uint8Array([65, 66]), '2'],
    ['an ArrayBuffer', new Uint8Array([65, 66]).buffer, '2'],
    ['nothing', '', '0'],
    ['more than a piece', 'x'.repeat(100_000), '100000'],
    ['more than may wait', 'y'.repeat(3_000_000), '3000000'],
  ])('should be sent with their length: %s', async (_name, body, length) => {
    const { agent } = await echo();
    const response = await firstValueFrom(agent.post(ROOT, body));
    expect(response.fields.get('x-framing')).toBe(length);
    const text = await firstValueFrom(response.text({ limit: 1e7 }));
    expect(text).toBe(typeof body === 'string' ? body : 'AB');
    await settled();
    expect(agent.idleConnections).toBe(1);
  });

  it.each([
    ['short', 'short'],
    ['empty', ''],
    ['long', 'z'.repeat(1_000_000)],
  ])('should be files: %s', async (_name, text) => {
    const { agent } = await echo();
    const response = await firstValueFrom(agent.put(ROOT, { file: fileWith(text) }));
    expect(response.fields.get('x-framing')).toBe(String(text.length));
    expect(await firstValueFrom(response.text({ limit: 1e7 }))).toBe(text);
    await settled();
    expect(agent.idleConnections).toBe(1);
  });

  it('should say when a file cannot be sent', async () => {
    const { agent } = await echo();
    expect(await outcome(agent.put(ROOT, { file: '/nowhere/at/all' }))).toBe('ENOENT');
    expect(await outcome(agent.put(ROOT, { file: tmpdir() }))).toBe('ERR_OPTION');
    expect(agent.connections.size).toBe(0);
  });

  it('should be sent in chunks when they are Observables, with trailers', async () => {
    const { agent, server } = await serverWorld((exchange) => {
      exchange
        .text()
        .subscribe((body) => exchange.respond({ body: `${body} ${exchange.trailers?.get('x-sum')}` }));
    });
    expect(server.http.trace).toBe(false);
    const body = of('one ', new Uint8Array([50]), '');
    expect(await textOf(agent.post(ROOT, body, { trailers: () => ({ 'X-Sum': '7' }) }))).toBe('one 2 7');
    expect(await textOf(agent.post(ROOT, EMPTY))).toBe(' undefined');
    expect(agent.idleConnections).toBe(1);
  });

  it('should be sent in chunks too where the fields say so', async () => {
    const { agent } = await echo();
    const fields = { 'Transfer-Encoding': 'chunked' };
    for (const body of ['hello', undefined, 'w'.repeat(50_000)]) {
      const response = await firstValueFrom(agent.post(ROOT, body, { fields }));
      expect(response.fields.get('x-framing')).toBe('chunked');
      expect(await firstValueFrom(response.text())).toBe(body ?? '');
    }
  });

  it('should be as long as the fields say', async () => {
    const { agent } = await echo();
    const fields = { 'Content-Length': 5 };
    expect(await textOf(agent.post(ROOT, of('he', 'llo'), { fields }))).toBe('hello');
    expect(await outcome(agent.post(ROOT, of('he'), { fields }))).toBe('ERR_HTTP_BODY_LENGTH');
    expect(await outcome(agent.post(ROOT, of('hello', '!'), { fields }))).toBe('ERR_HTTP_BODY_LENGTH');
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should be left when all that was announced has been given, so that the connection can be used', async () => {
    const { agent } = await echo();
    const source = new Subject<string>();
    const text = textOf(agent.post(ROOT, source, { fields: { 'Content-Length': 5 } }));
    await settled();
    source.next('hello');
    expect(await text).toBe('hello');
    expect(source.observed).toBe(false);
    expect(agent.idleConnections).toBe(1);
  });

  it('should error the request when they do, and reset the connection', async () => {
    const { agent, server } = await serverWorld(() => undefined);
    const reasons: string[] = [];
    server.close$.subscribe(({ reason }) => reasons.push(reason));
    const body = concat(
      of('part'),
      throwError(() => new RangeError('no')),
    );
    expect(await outcome(agent.post(ROOT, body))).toBe('RangeError');
    await settled();
    expect([agent.connections.size, reasons]).toEqual([0, ['reset']]);
  });

  it('should flow both ways at the same time', async () => {
    const { agent } = await echo();
    const source = new Subject<string>();
    const response = firstValueFrom(agent.post(ROOT, source));
    await settled();
    source.next('a');
    const pieces: string[] = [];
    (await response).body$.subscribe((piece) => pieces.push(String(Buffer.from(piece))));
    await settled();
    source.next('b');
    await settled();
    source.next('c');
    await settled();
    expect(pieces).toEqual(['a', 'b', 'c']);
    source.complete();
    await settled();
    expect(agent.idleConnections).toBe(1);
  });

  it('should be sent no further when the response is complete before them', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      if (text.includes('POST'))
        connection.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno');
    });
    const source = new Subject<string>();
    const response = await firstValueFrom(agent.post(ROOT, source));
    expect(response.status).toBe(413);
    expect(source.observed).toBe(false);
    expect(await firstValueFrom(response.text())).toBe('no');
    await settled();
    expect([heard.length, agent.connections.size]).toEqual([1, 0]);
  });

  it('should be bounded when the server does not read', async () => {
    const transport = new MemoryNetwork();
    const deaf = closedLater(new TcpServer({ transport, port: 80 }));
    await deaf.start();
    const agent = await startedAgent({ transport });
    const folder = fileWith('f'.repeat(5_000_000));
    const one = agent.post(ROOT, 'b'.repeat(5_000_000)).subscribe();
    const other = agent.post(ROOT, { file: folder }).subscribe();
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of agent.connections.values()) {
      expect(connection.pending).toBeGreaterThan(100_000);
      expect(connection.pending).toBeLessThan(1_500_000);
    }
    one.unsubscribe();
    other.unsubscribe();
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should hold back a proxy as its server is slow', async () => {
    const transport = new MemoryNetwork();
    const deaf = closedLater(new TcpServer({ transport, port: 81 }));
    await deaf.start();
    const agent = await startedAgent({ transport });
    const { agent: client } = await serverWorld(
      (exchange) => {
        agent.post('http://localhost:81/', exchange.body$).subscribe({ error: () => undefined });
      },
      { server: { transport }, agent: { transport } },
    );
    const upload = client.post(ROOT, 'p'.repeat(8_000_000)).subscribe({ error: () => undefined });
    for (let round = 0; round < 20; round++) await settled();
    const [proxied] = agent.connections.values();
    expect(proxied!.pending).toBeLessThan(2_000_000);
    upload.unsubscribe();
  });
});

describe('Expect: 100-continue', () => {
  const asking = { expectContinue: true };

  it('should send the body when the server wants it', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      if (text.includes('Expect: 100-continue')) connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      else connection.send(answer(text));
    });
    expect(await textOf(agent.post(ROOT, 'body', asking))).toBe('body');
    expect(heard[0]).toMatch(/\r\n\r\nbody$/);
    expect(agent.idleConnections).toBe(1);
  });

  it('should not send the body when the server has answered', async () => {
    const { agent, heard } = await rawWorld((connection) => {
      connection.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    });
    expect(await outcome(agent.post(ROOT, 'body', asking))).toBe('status 417');
    await settled();
    expect(heard[0]).not.toContain('body');
    expect(agent.connections.size).toBe(0);
  });

  it('should be understood by our server', async () => {
    const { agent } = await echo();
    expect(await textOf(agent.post(ROOT, from(['a', 'b']), asking))).toBe('ab');
    expect(await textOf(agent.put(ROOT, { file: fileWith('file') }, asking))).toBe('file');
    expect(await textOf(agent.get(ROOT, asking))).toBe('');
    expect(agent.connections.size).toBe(1);
  });

  it('should send the body after a while without permission', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection, text) => text.includes('body') && connection.send(answer(text, 'Connection: close')));
      const client = agent();
      at(1, () => follow('one', client.post(ROOT, 'body', asking)));
    });
    expect(log.slice(0, 2)).toEqual(['1001 one: 200', '1001 one: body body']);
  });
});

describe('Bodies of responses', () => {
  it('should be held back while what is done with them is not', async () => {
    const { agent } = await serverWorld((exchange) => {
      exchange.respond({ body: from(Array.from({ length: 100 }, () => 'r'.repeat(50_000))) });
    });
    const response = await firstValueFrom(agent.get(ROOT));
    const { flow } = response.connection;
    let length = 0;
    const leases: { release(): void }[] = [];
    const done = firstValueFrom(
      response.body$.pipe(
        mergeMap((piece) => {
          length += piece.length;
          leases.push(flow.lease(piece.length));
          return EMPTY;
        }),
        toArray(),
      ),
    );
    for (let round = 0; round < 20; round++) await settled();
    expect(length).toBeLessThan(400_000);
    const letGo = setInterval(() => leases.splice(0).forEach((lease) => lease.release()), 1);
    await done;
    clearInterval(letGo);
    expect(length).toBe(5_000_000);
  });
});
