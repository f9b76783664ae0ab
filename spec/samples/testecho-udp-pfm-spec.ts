import { describe, expect, it, jest } from '@jest/globals';
import { echoUdp, plainUdp } from '../support/plain-udp.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

const load = ['--connections', '3', '--messages', '20', '--size', '1000', '--interval', '1'];

describe('testecho-udp-pfm', () => {
  it('should bring everything back and print the result, and the totals on the server', async () => {
    const server = runSample('testecho-udp-pfm', 'server', '--port', '0');
    const port = await server.port();
    const { code, out, errors } = await runSample(
      ...['testecho-udp-pfm', 'client', '--port', String(port), ...load],
    ).ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.slice(0, 4)).toEqual([
      'connections  3',
      'messages     60 of 1000 bytes',
      'expected     60000 bytes',
      'received     60000 bytes',
    ]);
    expect(out.at(-1)).toBe('Success');
    await server.line(/^summary: 3 connections, 60000 bytes received, 60000 bytes sent$/);
    server.signal('SIGINT');
    expect(await server.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should tell how much was lost', async () => {
    let count = 0;
    const { port } = await plainUdp((socket, bytes, from) => {
      if (bytes.length === 1000 && ++count % 10 === 0) return;
      echoUdp(socket, bytes, from);
      if (count % 10 === 5) echoUdp(socket, bytes, from); // twice
    });
    const { code, out } = await runSample(
      ...['testecho-udp-pfm', 'client', '--port', String(port), ...load, '--json'],
    ).ended;
    expect(code).toBe(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      ...{ event: 'result', success: false, problem: '6 of 60 datagrams were lost' },
      ...{ messages: 54, expected: 60_000, received: 54_000 },
    });
  });

  it('should fail with exit code 1 when nobody listens', async () => {
    const { code, out } = await runSample('testecho-udp-pfm', 'client', '--port', '1', ...load).ended;
    expect(code).toBe(1);
    expect(out.at(-1)).toMatch(/^Fail: ECONNREFUSED/);
  });

  it('should print what it has and exit with 0 when it is interrupted', async () => {
    let came: () => void = () => undefined;
    const answering = new Promise<void>((resolve) => (came = resolve));
    const { port } = await plainUdp((socket, bytes, from) => {
      if (bytes.length > 0) came();
      echoUdp(socket, bytes, from);
    });
    const client = runSample('testecho-udp-pfm', 'client', '--port', String(port), '--messages', '1000000');
    await answering;
    client.signal('SIGINT');
    const { code, out } = await client.ended;
    expect({ code, last: out.at(-1) }).toEqual({ code: 0, last: 'Fail: interrupted' });
  });
});
