import { describe, expect, it, jest } from '@jest/globals';
import { echo, plainServer } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

const load = ['--connections', '5', '--messages', '20', '--size', '1000', '--interval', '0'];

describe('testecho-pfm', () => {
  it('should bring everything back and print the result, and the totals on the server', async () => {
    const server = runSample('testecho-pfm', 'server', '--port', '0');
    const port = await server.port();
    const { code, out, errors } = await runSample('testecho-pfm', 'client', '--port', String(port), ...load)
      .ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out).toEqual([
      'connections  5',
      'messages     100 of 1000 bytes',
      'expected     100000 bytes',
      'received     100000 bytes',
      expect.stringMatching(/^time         \d+\.\d{3} s$/),
      expect.stringMatching(/^rate         [\d.]+ messages\/s, [\d.]+ MB\/s$/),
      expect.stringMatching(/^latency      p50 [\d.]+ ms, p90 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/),
      'Success',
    ]);
    await server.line(/^summary: 5 connections, 100000 bytes received, 100000 bytes sent$/);
    server.signal('SIGINT');
    expect(await server.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should report as JSON, here for an agent that pauses between its messages', async () => {
    const port = await plainServer(echo);
    const { code, out } = await runSample(
      ...['testecho-pfm', 'agent', '--port', String(port), ...load.slice(0, -1), '1', '--json'],
    ).ended;
    expect(code).toBe(0);
    expect(out).toHaveLength(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      event: 'result',
      success: true,
      connections: 5,
      messages: 100,
      expected: 100_000,
      received: 100_000,
    });
  });

  it('should fail with exit code 1 when the server closes a connection early', async () => {
    const port = await plainServer((socket) => socket.once('data', () => socket.end()));
    const { code, out } = await runSample('testecho-pfm', 'client', '--port', String(port), ...load).ended;
    expect(code).toBe(1);
    expect(out.at(-1)).toMatch(/^Fail: /);
  });

  it('should print what it has and exit with 0 when it is interrupted', async () => {
    let started: () => void = () => undefined;
    const received = new Promise<void>((resolve) => (started = resolve));
    const port = await plainServer((socket) => echo(socket.once('data', started)));
    const client = runSample('testecho-pfm', 'client', '--port', String(port), '--messages', '1000000');
    await received;
    client.signal('SIGINT');
    const { code, out } = await client.ended;
    expect(code).toBe(0);
    expect(out.at(-1)).toBe('Fail: interrupted');
  });

  it('should exit with 1 and one line when the connection is refused', async () => {
    expect(await runSample('testecho-pfm', 'client', '--port', '1').ended).toEqual({
      code: 1,
      out: [],
      errors: ['cannot connect to 127.0.0.1:1: connection refused (ECONNREFUSED)'],
    });
  });
});
