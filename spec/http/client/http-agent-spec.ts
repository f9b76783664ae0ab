import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, mergeMap, of, toArray } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { HttpAgent } from '../../../lib/http/client/http-agent.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, outcome, serverWorld, textOf } from './world.ts';

/** Tells what was asked. */
const tell = () =>
  serverWorld((exchange) => {
    exchange.text().subscribe((body) => {
      const { method, target, fields } = exchange;
      exchange.respond({
        body: `${method} ${target} ${fields.get('host') ?? ''} ${body}`,
        fields: { 'X-Seen': [...fields].map(([name]) => name).join(',') },
      });
    });
  });

describe('HttpAgent', () => {
  it('should hand out a response whose body can still be read after the promise', async () => {
    const { agent } = await tell();
    const response = await firstValueFrom(agent.request({ url: `${ROOT}/a?b=c#d` }));
    await settled();
    expect(response.status).toBe(200);
    expect(response.reason).toBe('OK');
    expect(response.url).toBe('http://localhost/a?b=c');
    expect(response.isComplete).toBe(true);
    expect(response.head.minorVersion).toBe(1);
    expect(await firstValueFrom(response.text())).toBe('GET /a?b=c localhost ');
  });

  it('should complete directly after the response', async () => {
    const { agent } = await tell();
    const all = await firstValueFrom(agent.get(ROOT).pipe(toArray()));
    expect(all.map(({ status }) => status)).toEqual([200]);
  });

  it('should send a request for each subscription', async () => {
    const { agent } = await tell();
    const request$ = agent.post(`${ROOT}/x`, 'hello');
    expect(await textOf(request$)).toBe('POST /x localhost hello');
    expect(await textOf(request$)).toBe('POST /x localhost hello');
    expect(agent.connections.size).toBe(1);
  });

  it('should have a shortcut for each method', async () => {
    const { agent } = await tell();
    expect(await textOf(agent.get(ROOT))).toBe('GET / localhost ');
    expect(await textOf(agent.post(ROOT, 'a'))).toBe('POST / localhost a');
    expect(await textOf(agent.put(ROOT, 'b'))).toBe('PUT / localhost b');
    expect(await textOf(agent.patch(ROOT, 'c'))).toBe('PATCH / localhost c');
    expect(await textOf(agent.delete(ROOT))).toBe('DELETE / localhost ');
    expect(await textOf(agent.options(ROOT))).toBe('OPTIONS / localhost ');
    expect((await firstValueFrom(agent.trace(ROOT))).status).toBe(405); // as our server has it
    const head = await firstValueFrom(agent.head(ROOT));
    expect(head.fields.get('content-length')).toBe('17');
    expect(await firstValueFrom(head.text())).toBe('');
    expect(agent.connections.size).toBe(1);
  });

  it('should take origin and target instead of a URL', async () => {
    const { agent } = await tell();
    expect(await textOf(agent.request({ origin: ROOT, target: '/raw%20path' }))).toBe(
      'GET /raw%20path localhost ',
    );
    expect(await textOf(agent.request({ origin: ROOT, target: '*', method: 'OPTIONS' }))).toBe(
      'OPTIONS * localhost ',
    );
  });

  it('should send fields in their order, and Accept-Encoding if it is told to', async () => {
    const { agent, transport } = await tell();
    const fields = { 'X-One': '1', 'X-Two': ['2', '3'] };
    const response = await firstValueFrom(agent.get(ROOT, { fields }));
    expect(response.fields.get('x-seen')).toBe('Host,X-One,X-Two,X-Two');
    const other = new HttpAgent({ transport, http: { acceptEncoding: 'gzip' } });
    await other.start();
    for (const given of [undefined, Object.freeze({ A: '1' }), Object.freeze({ A: '1' }), { A: '2' }]) {
      const seen = (await firstValueFrom(other.get(ROOT, { fields: given }))).fields.get('x-seen');
      expect(seen).toBe(given === undefined ? 'Host,Accept-Encoding' : 'Host,A,Accept-Encoding');
    }
    const own = await firstValueFrom(other.get(ROOT, { fields: { 'accept-encoding': 'br' } }));
    expect(own.fields.get('x-seen')).toBe('Host,accept-encoding');
    await other.stop();
  });

  it('should read bodies as bytes, text and JSON, once', async () => {
    const { agent } = await serverWorld((exchange) => exchange.respond({ body: '{"a":[1]}' }));
    expect(await firstValueFrom(agent.get(ROOT).pipe(mergeMap((r) => r.json())))).toEqual({ a: [1] });
    const response = await firstValueFrom(agent.get(ROOT));
    expect(toText(await firstValueFrom(response.bytes()))).toBe('{"a":[1]}');
    expect(await outcome(response.text())).toBe('ERR_STATE');
    expect(await firstValueFrom(response.body$.pipe(toArray()))).toEqual([]);
  });

  it('should say when a body is longer than is wanted', async () => {
    const { agent } = await serverWorld((exchange) => {
      exchange.respond({ body: exchange.target === '/' ? '12345' : of('123', '45') });
    });
    const read = (path: string, limit: number) =>
      outcome(agent.get(`${ROOT}${path}`).pipe(mergeMap((r) => r.text({ limit }))));
    for (const path of ['/', '/chunked']) {
      expect(await read(path, 5)).toBe('12345');
      expect(await read(path, 4)).toBe('ERR_HTTP_TOO_LONG');
    }
    const response = await firstValueFrom(agent.get(ROOT));
    expect(() => response.bytes({ limit: NaN })).toThrow(OptionError);
  });

  it('should give malformed JSON as a SyntaxError', async () => {
    const { agent } = await serverWorld((exchange) => exchange.respond({ body: '{' }));
    expect(await outcome(agent.get(ROOT).pipe(mergeMap((r) => r.json())))).toBe('SyntaxError');
  });

  it('should refuse illegal options at once', () => {
    const agent = new HttpAgent();
    expect(() => agent.get('localhost')).toThrow(OptionError);
    expect(() => agent.get('ftp://localhost/')).toThrow(OptionError);
    expect(() => agent.get('http://user:secret@localhost/')).toThrow(/without user and password/);
    expect(() => agent.get('http://user:secret@localhost/')).not.toThrow(/secret/);
    expect(() => agent.request({})).toThrow(OptionError);
    expect(() => agent.request({ url: ROOT, target: '/' })).toThrow(OptionError);
    expect(() => agent.request({ origin: `${ROOT}/path` })).toThrow(OptionError);
    expect(() => agent.request({ url: ROOT, methd: 'GET' } as never)).toThrow(/methd/);
    expect(() => agent.request({ url: ROOT, method: 'CONNECT' })).toThrow(OptionError);
    expect(() => agent.request({ url: ROOT, timeouts: { response: -1 } })).toThrow(/timeouts\.response/);
    expect(() => agent.request({ url: ROOT, body: { file: '' } })).toThrow(/body\.file/);
    expect(() => new HttpAgent({ tls: false }).get('https://localhost/')).toThrow(OptionError);
    expect(() => new HttpAgent({ http: { pipelining: 0 } })).toThrow(/http\.pipelining/);
    expect(() => new HttpAgent({ http: { limits: { maxHead: 1 } } })).toThrow(/maxHead/);
    expect(() => new HttpAgent({ http: { acceptEncoding: 'a\r\nb' } })).toThrow(/acceptEncoding/);
  });

  it('should send nothing while it does not run', async () => {
    expect(await outcome(new HttpAgent().get(ROOT))).toBe('ERR_STATE');
  });

  it('should let nobody split a request', async () => {
    const { agent, server } = await tell();
    let bytes = 0;
    server.receive$.subscribe(({ data }) => (bytes += data.length));
    const evil = 'a\r\nX: y';
    for (const init of [
      { target: `/${evil}` },
      { target: '/ HTTP/1.1' },
      { method: 'GET / HTTP/1.1\r\nX' },
      { fields: { [evil]: '1' } },
      { fields: { X: evil } },
      { fields: { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' } },
      { fields: { 'Content-Length': '5' }, body: 'four' },
      { fields: { 'Transfer-Encoding': 'gzip' }, body: 'four' },
      { fields: { Host: 'a b' } },
      { method: 'TRACE', body: 'x' },
    ])
      expect([init, await outcome(agent.request({ origin: ROOT, ...init }))]).toEqual([
        init,
        'ERR_HTTP_MESSAGE',
      ]);
    await settled();
    expect(bytes).toBe(0);
    expect(await textOf(agent.get(ROOT))).toBe('GET / localhost ');
    expect(agent.connections.size).toBe(1);
  });

  it('should stop after what is under way, and take nothing new', async () => {
    const { agent } = await serverWorld(
      (exchange) => void setTimeout(() => exchange.respond({ body: 'late' }), 20),
    );
    const first = textOf(agent.get(ROOT));
    await settled();
    const stopped = agent.stop();
    expect(await outcome(agent.get(ROOT))).toBe('ERR_STATE');
    expect(await first).toBe('late');
    expect((await stopped).forced).toBe(0);
    await agent.start();
    expect(await textOf(agent.get(ROOT))).toBe('late');
  });

  it('should fail what waits when it is stopped', async () => {
    const { agent } = await serverWorld(() => undefined, { agent: { http: { maxPerOrigin: 1 } } });
    const first = outcome(agent.get(ROOT));
    const second = outcome(agent.get(ROOT));
    await settled();
    expect(agent.waitingRequests).toBe(1);
    const stopped = agent.stop({ deadline: 10 });
    expect(await second).toBe('ERR_ABORTED');
    expect(await first).toBe('ERR_CLOSED');
    expect((await stopped).forced).toBe(1);
    expect(agent.waitingRequests).toBe(0);
  });

  it('should tell all its events as a TcpAgent does', async () => {
    const { agent } = await tell();
    const events: string[] = [];
    agent.prepareConnect$.subscribe(() => events.push('prepare'));
    agent.connect$.subscribe(() => events.push('connect'));
    agent.handshake$.subscribe(() => events.push('handshake'));
    agent.receive$.subscribe(() => events.push('receive'));
    agent.close$.subscribe(({ reason }) => events.push(reason));
    await textOf(agent.get(ROOT));
    await agent.stop();
    expect(events).toEqual(['prepare', 'connect', 'handshake', 'receive', 'stop']);
  });
});
