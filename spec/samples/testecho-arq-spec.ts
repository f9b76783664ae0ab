import { describe, expect, it, jest } from '@jest/globals';
import '../support/cleanup.ts';
import { plainUdp } from '../support/plain-udp.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

const SAMPLE = 'testecho-arq';

async function echoServer(...args: string[]) {
  const server = runSample(SAMPLE, 'server', '--port', '0', ...args);
  return { server, port: String(await server.port()) };
}

describe('testecho-arq', () => {
  it('should echo messages, and print every event of the server as a JSON object with --json', async () => {
    const { server, port } = await echoServer('--json');
    const client = runSample(SAMPLE, 'client', '--port', port, '--message', 'hello', '--count', '2');
    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.slice(0, 2)).toEqual([`#1 connect 127.0.0.1:${port}`, '#1 handshake']);
    expect(out.filter((line) => line === "#1 receive 5 bytes 'hello'")).toHaveLength(2);
    expect(out.at(-1)).toBe('#1 close stop (10 bytes in, 10 out)');
    await server.line(/"close"/);
    server.signal('SIGINT');
    const ended = await server.ended;
    expect(ended).toMatchObject({ code: 0, errors: [] });
    const events = ended.out.slice(1).map((line) => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event).sort()).toEqual(
      ['accept', 'close', 'handshake', 'receive', 'receive', 'sent', 'sent', 'shutdown'].sort(),
    );
    expect(events).toContainEqual({ event: 'receive', id: 1, data: 'aGVsbG8=' });
    expect(events.at(-2)).toMatchObject({ event: 'close', reason: 'peer', bytesIn: 10, bytesOut: 10 });
  });

  it('should send lines, tell of those that are no message, and exit when the answers came', async () => {
    const { port } = await echoServer('--max', '10', '--fast');
    const client = runSample(SAMPLE, 'client', '--port', port, '--max', '10', '--fast');
    client.input.end('one\n\nmuch too long\ntwo');
    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.filter((line) => line.includes('refused'))).toEqual([
      '#1 refused ERR_FRAME_LENGTH: nothing to send; a message has 1 to 10 bytes (option arq.maxMessageSize)',
      '#1 refused ERR_FRAME_LENGTH: 13 bytes in one; a message has 1 to 10 bytes (option arq.maxMessageSize)',
    ]);
    expect(out.at(-1)).toBe('#1 close stop (6 bytes in, 6 out)');
  });

  it('should send every line to every peer of an agent', async () => {
    const ports = await Promise.all([1, 2].map(async () => (await echoServer()).port));
    const to = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const agent = runSample(SAMPLE, 'agent', '--to', to);
    agent.input.end('hi\nthere');
    const { code, out, errors } = await agent.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.filter((line) => line.endsWith(' close stop (7 bytes in, 7 out)'))).toHaveLength(2);
    expect(out.at(-1)).toBe('shutdown (2 closed, 0 cut off, 0 bytes lost)');
  });

  it('should exit with 1 and one line when nobody shakes hands', async () => {
    const { port } = await plainUdp();
    expect(await runSample(SAMPLE, 'client', '--port', String(port), '--message', 'x').ended).toMatchObject({
      code: 1,
      errors: ['ERR_TIMEOUT: the handshake was not complete within 5000 ms (option arq.handshakeTimeout)'],
    });
  });
});
