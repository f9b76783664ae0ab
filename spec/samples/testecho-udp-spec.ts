import { once } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { echoUdp, plainUdp } from '../support/plain-udp.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

const NOTICE = Buffer.from(CLOSE_NOTICE).toString('latin1');

describe('testecho-udp server', () => {
  it('should send back every datagram, and print every event as a JSON object with --json', async () => {
    const server = runSample('testecho-udp', 'server', '--port', '0', '--json', '--max', '10');
    const port = await server.port();
    const { socket, texts, port: own } = await plainUdp();
    const echoed = once(socket, 'message');
    for (const text of ['hello', 'much too long']) socket.send(text, port, '127.0.0.1');
    await echoed;
    await server.line(/"dropped"/);
    socket.send(CLOSE_NOTICE, port, '127.0.0.1');
    await server.line(/"close"/);
    server.signal('SIGINT');
    const { code, out, errors } = await server.ended;
    expect({ code, errors, texts }).toEqual({ code: 0, errors: [], texts: ['hello'] });
    const remote = `127.0.0.1:${own}`;
    expect(out.slice(1).map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'accept', id: 1, remote },
      { event: 'receive', id: 1, data: 'aGVsbG8=' },
      { event: 'sent', id: 1, data: 'aGVsbG8=' },
      { event: 'dropped', reason: 'oversized', remote, bytes: 13 },
      { event: 'close', id: 1, reason: 'peer', operation: 'close', bytesIn: 5, bytesOut: 5 },
      { event: 'shutdown', closed: 0, forced: 0, dropped: 0 },
    ]);
  });

  it('should say goodbye on SIGTERM', async () => {
    const server = runSample('testecho-udp', 'server', '--port', '0');
    const port = await server.port();
    const { socket, texts } = await plainUdp();
    socket.send('', port, '127.0.0.1');
    await once(socket, 'message');
    const left = once(socket, 'message');
    server.signal('SIGTERM');
    await left;
    expect(texts).toEqual(['', NOTICE]);
    expect(await server.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should turn away the address of --reject', async () => {
    const server = runSample('testecho-udp', 'server', '--port', '0', '--reject', '127.0.0.1');
    const port = await server.port();
    const { socket, texts } = await plainUdp();
    socket.send('hi', port, '127.0.0.1');
    await server.line(/^dropped refused 127\.0\.0\.1:\d+$/);
    while (texts.length === 0) await once(socket, 'message');
    expect(texts).toEqual([NOTICE]);
  });

  it('should exit with 1 and one line when the port is taken', async () => {
    const { port } = await plainUdp();
    expect(await runSample('testecho-udp', 'server', '--port', String(port)).ended).toEqual({
      code: 1,
      out: [],
      errors: [`cannot listen on 127.0.0.1:${port}: address already in use (EADDRINUSE)`],
    });
  });
});

describe('testecho-udp client', () => {
  it('should send --message --count times, and exit when the answers came', async () => {
    const { port, texts } = await plainUdp(echoUdp);
    const { code, out, errors } = await runSample(
      ...['testecho-udp', 'client', '--port', String(port), '--message', 'hey', '--count', '3'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out[0]).toBe(`#1 connect 127.0.0.1:${port}`);
    expect(out.at(-1)).toBe('#1 close stop (9 bytes in, 9 out)');
    expect(texts).toEqual(['', 'hey', 'hey', 'hey', NOTICE]);
  });

  it('should send lines, and tell of those that are no datagram', async () => {
    const { port, texts } = await plainUdp(echoUdp);
    const client = runSample('testecho-udp', 'client', '--port', String(port), '--max', '5');
    client.input.end('one\n\nmuch too long\ntwo');
    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.filter((line) => line.includes('refused'))).toEqual([
      '#1 refused ERR_FRAME_LENGTH: nothing to send; a message has 1 to 5 bytes (option maxDatagramSize)',
      '#1 refused ERR_FRAME_LENGTH: 13 bytes in one; a message has 1 to 5 bytes (option maxDatagramSize)',
    ]);
    expect(texts).toEqual(['', 'one', 'two', NOTICE]);
  });

  it('should exit with 1 and one line when nobody listens', async () => {
    const { code, errors } = await runSample('testecho-udp', 'client', '--port', '1', '--message', 'x').ended;
    expect({ code, errors }).toEqual({ code: 1, errors: ['connection refused (ECONNREFUSED)'] });
  });

  it('should end when its peer says goodbye', async () => {
    const { port } = await plainUdp((socket, bytes, from) => {
      if (bytes.length === 0) socket.send(CLOSE_NOTICE, from, '127.0.0.1');
    });
    const { code, out } = await runSample('testecho-udp', 'client', '--port', String(port)).ended;
    expect({ code, last: out.at(-1) }).toEqual({ code: 0, last: '#1 close peer (0 bytes in, 0 out)' });
  });
});

describe('testecho-udp agent', () => {
  it('should send every line to every peer, from one socket', async () => {
    const sources = new Set<number>();
    const peers = await Promise.all(
      [1, 2].map(() =>
        plainUdp((socket, bytes, from) => {
          sources.add(from);
          echoUdp(socket, bytes, from);
        }),
      ),
    );
    const to = peers.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const agent = runSample('testecho-udp', 'agent', '--to', to);
    agent.input.end('hi\nthere');
    const { code, out, errors } = await agent.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(peers.map(({ texts }) => texts)).toEqual(Array(2).fill(['', 'hi', 'there', NOTICE]));
    expect(out.filter((line) => / close \w+ \(7 bytes in, 7 out\)$/.test(line))).toHaveLength(2);
    expect(out).toContain(`sending from 0.0.0.0:${[...sources].join()}`);
    expect(out.at(-1)).toMatch(/^shutdown/);
  });
});
