import { describe, expect, it, jest } from '@jest/globals';
import { echo, plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

describe('testecho server', () => {
  it('should echo bytes and print every event as a JSON object with --json', async () => {
    const server = runSample('testecho', 'server', '--port', '0', '--json');
    const client = await plainClient(await server.port());
    const { localPort } = client;
    client.write(Buffer.from([0, 255, 10]));
    await server.line(/"receive"/);
    client.end();
    await readAll(client);
    await server.line(/"close"/);
    server.signal('SIGINT');

    const { code, out, errors } = await server.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.slice(1).map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'accept', id: 1, remote: `127.0.0.1:${localPort}` },
      { event: 'receive', id: 1, data: 'AP8K' },
      { event: 'sent', id: 1, data: 'AP8K' },
      { event: 'close', id: 1, reason: 'peer', operation: 'close', bytesIn: 3, bytesOut: 3 },
      { event: 'shutdown', closed: 0, forced: 0, dropped: 0 },
    ]);
  });

  it('should turn the peers of --reject away', async () => {
    const server = runSample('testecho', 'server', '--port', '0', '--reject', '127.0.0.1');
    const client = await plainClient(await server.port());
    await readAll(client).catch(() => undefined);
    await server.line(/^dropped refused 127\.0\.0\.1:\d+$/);
  });
});

describe('testecho client', () => {
  it('should send --message --count times and exit when the answers came', async () => {
    const port = await plainServer(echo);
    const { code, out, errors } = await runSample(
      ...['testecho', 'client', '--port', String(port), '--message', 'hey', '--count', '3'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out[0]).toBe(`#1 connect 127.0.0.1:${port}`);
    expect(out.filter((line) => line === '#1 sent 3 bytes')).toHaveLength(3);
    expect(out.at(-1)).toMatch(/^#1 close \w+ \(9 bytes in, 9 out\)$/);
  });

  it('should send the lines of standard input and exit when it has ended and the answers came', async () => {
    const port = await plainServer(echo);
    const client = runSample('testecho', 'client', '--port', String(port));
    client.input.write('one\n');
    await client.line(/^#1 receive 3 bytes 'one'$/);
    client.input.end('two\nthree');
    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.at(-1)).toMatch(/^#1 close \w+ \(11 bytes in, 11 out\)$/);
  });

  it('should not read standard input faster than the server takes it, and lose nothing', async () => {
    let received = 0;
    const port = await plainServer((socket) => {
      socket.on('data', (chunk) => {
        received += chunk.length;
        socket.write(chunk);
        socket.pause();
        setImmediate(() => socket.resume());
      });
    });
    const client = runSample('testecho', 'client', '--port', String(port));
    client.input.end(`${'x'.repeat(99_999)}\n`.repeat(200));
    expect((await client.ended).code).toBe(0);
    expect(received).toBe(99_999 * 200);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'should exit with 0 on %s while it waits for input',
    async (signal) => {
      const port = await plainServer(echo);
      const client = runSample('testecho', 'client', '--port', String(port));
      await client.line(/connect/);
      client.signal(signal);
      expect(await client.ended).toMatchObject({ code: 0, errors: [] });
    },
  );

  it('should exit with 0 when the server ends the connection while it waits for input', async () => {
    const port = await plainServer((socket) => socket.end('bye'));
    const { code, out } = await runSample('testecho', 'client', '--port', String(port)).ended;
    expect(code).toBe(0);
    expect(out).toContain("#1 receive 3 bytes 'bye'");
  });

  it('should exit with 1 and one line when not everything came back', async () => {
    const port = await plainServer((socket) => void read(socket, 5).then(() => socket.end('he')));
    const { code, errors } = await runSample(
      ...['testecho', 'client', '--port', String(port), '--message', 'hello'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: ['only 2 of 5 bytes came back'] });
  });

  it('should exit with 1 and one line when the connection fails before everything came back', async () => {
    const port = await plainServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { code, errors } = await runSample(
      ...['testecho', 'client', '--port', String(port), '--message', 'hello'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: ['connection reset by peer (ECONNRESET)'] });
  });

  it('should exit with 1 and one line when the connection is refused', async () => {
    expect(await runSample('testecho', 'client', '--port', '1', '--message', 'hello').ended).toEqual({
      code: 1,
      out: [],
      errors: ['cannot connect to 127.0.0.1:1: connection refused (ECONNREFUSED)'],
    });
  });
});

describe('testecho agent', () => {
  it('should send every line on every connection', async () => {
    const port = await plainServer(echo);
    const agent = runSample('testecho', 'agent', '--port', String(port), '--connections', '2');
    agent.input.end('hi\nthere');
    const { code, out, errors } = await agent.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.filter((line) => / close \w+ \(7 bytes in, 7 out\)$/.test(line))).toHaveLength(2);
    expect(out.at(-1)).toBe('shutdown (2 closed, 0 cut off, 0 bytes lost)');
  });

  it('should send --message on every connection', async () => {
    const port = await plainServer(echo);
    const { code, out } = await runSample(
      ...['testecho', 'agent', '--port', String(port), '--connections', '3', '--message', 'hi', '--json'],
    ).ended;
    expect(code).toBe(0);
    const events = out.map((line) => JSON.parse(line) as { event: string; id: number; data?: string });
    const received = events.filter(({ event }) => event === 'receive');
    expect(received.map(({ id, data }) => `${id} ${data}`).sort()).toEqual(['1 aGk=', '2 aGk=', '3 aGk=']);
  });

  it('should exit with 1 and one line when the connection is refused', async () => {
    expect(await runSample('testecho', 'agent', '--port', '1', '--connections', '2').ended).toEqual({
      code: 1,
      out: [],
      errors: ['cannot connect to 127.0.0.1:1: connection refused (ECONNREFUSED)'],
    });
  });
});
