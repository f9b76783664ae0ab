import { describe, expect, it, jest } from '@jest/globals';
import { echo, plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

// 10 bits flag, 22 bits length, lowest byte first.
const HELLO = Buffer.from('0500405a68656c6c6f', 'hex'); // flag 0x169, 'hello'
const OTHER_FLAG = Buffer.from('0500800168656c6c6f', 'hex'); // flag 6, 'hello'
const FLAG = ['--flag', '0x169'];

describe('testecho-pack server', () => {
  it('should send every packet back, however it is cut, and print events as JSON with --json', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0', ...FLAG, '--json');
    const client = await plainClient(await server.port());
    const { localPort } = client;
    client.write(Buffer.concat([HELLO, HELLO.subarray(0, 3)]));
    expect(await read(client, 9)).toBe(String(HELLO));
    client.end(HELLO.subarray(3));
    expect(await readAll(client)).toBe(String(HELLO));
    await server.line(/"close"/);
    server.signal('SIGINT');

    const { code, out, errors } = await server.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    const sent = { event: 'sent', id: 1, data: HELLO.toString('base64') };
    expect(out.slice(1).map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'accept', id: 1, remote: `127.0.0.1:${localPort}` },
      { event: 'receive', id: 1, data: 'aGVsbG8=' },
      sent,
      { event: 'receive', id: 1, data: 'aGVsbG8=' },
      sent,
      { event: 'close', id: 1, reason: 'peer', operation: 'close', bytesIn: 18, bytesOut: 18 },
      { event: 'shutdown', closed: 0, forced: 0, dropped: 0 },
    ]);
  });

  it('should close a connection at a packet with another flag, having sent back those before it', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0', ...FLAG);
    const client = await plainClient(await server.port());
    client.write(Buffer.concat([HELLO, OTHER_FLAG]));
    expect(await readAll(client)).toBe(String(HELLO));
    await server.line(/^#1 close protocol ERR_FRAME_DATA \(18 bytes in, 9 out\)$/);
  });

  it('should take any flag without --flag', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0');
    const client = await plainClient(await server.port());
    client.write(OTHER_FLAG);
    expect(await read(client, 9)).toBe('\x05\0\0\0hello');
  });

  it('should close a connection as soon as a header announces more than --max, and serve the others', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0', '--max', '5', ...FLAG);
    const port = await server.port();
    const greedy = await plainClient(port);
    greedy.write(Buffer.from('0600405a', 'hex'));
    expect(await readAll(greedy)).toBe('');
    await server.line(/^#1 close protocol ERR_FRAME_LENGTH \(4 bytes in, 0 out\)$/);

    const modest = await plainClient(port);
    modest.write(HELLO);
    expect(await read(modest, 9)).toBe(String(HELLO));
  });

  it('should close a connection at an empty packet', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0');
    const client = await plainClient(await server.port());
    client.write(Buffer.alloc(4));
    expect(await readAll(client)).toBe('');
    await server.line(/^#1 close protocol ERR_FRAME_LENGTH/);
  });
});

describe('testecho-pack client', () => {
  it('should send a line a packet, show what is refused, go on and exit when the answers came', async () => {
    let wire = '';
    const port = await plainServer((socket) => echo(socket.on('data', (chunk) => (wire += String(chunk)))));
    const client = runSample('testecho-pack', 'client', '--port', String(port), ...FLAG, '--max', '5');
    client.input.write('hello\n');
    await client.line(/^#1 receive 5 bytes 'hello'$/);
    client.input.end('\nlonger\n1234\n');

    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(wire).toBe(`${String(HELLO)}\x04\0@Z1234`);
    expect(out.filter((line) => line.includes('refused'))).toEqual([
      '#1 refused ERR_FRAME_LENGTH: a packet of 0 bytes: there may be 1 to 5 (option maxSize)',
      '#1 refused ERR_FRAME_LENGTH: a packet of 6 bytes: there may be 1 to 5 (option maxSize)',
    ]);
    expect(out).toContain("#1 receive 4 bytes '1234'");
    expect(out.at(-1)).toMatch(/^#1 close \w+ \(17 bytes in, 17 out\)$/);
  });

  it('should show every packet when the answers come in one piece', async () => {
    const port = await plainServer((socket) => void read(socket, 27).then((text) => socket.write(text)));
    const { code, out } = await runSample(
      ...['testecho-pack', 'client', '--port', String(port), '--flag', '361'],
      ...['--message', 'hello', '--count', '3'],
    ).ended;
    expect(code).toBe(0);
    expect(out.filter((line) => line === "#1 receive 5 bytes 'hello'")).toHaveLength(3);
  });

  it('should print what is refused as JSON with --json', async () => {
    const port = await plainServer(echo);
    const { code, out } = await runSample(
      ...['testecho-pack', 'client', '--port', String(port), '--max', '4', '--json'],
      ...['--message', 'hello', '--count', '2'],
    ).ended;
    expect(code).toBe(0);
    const refused = {
      event: 'refused',
      id: 1,
      error: 'ERR_FRAME_LENGTH',
      message: 'ERR_FRAME_LENGTH: a packet of 5 bytes: there may be 1 to 4 (option maxSize)',
    };
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'connect', id: 1, remote: `127.0.0.1:${port}` },
      refused,
      refused,
      expect.objectContaining({ event: 'close', id: 1, bytesIn: 0, bytesOut: 0 }),
    ]);
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
    const client = runSample('testecho-pack', 'client', '--port', String(port));
    client.input.end(`${'x'.repeat(99_999)}\n`.repeat(200));
    expect((await client.ended).code).toBe(0);
    expect(received).toBe(100_003 * 200);
  });

  it('should exit with 1 and one line at a packet with another flag, even while it waits for input', async () => {
    const port = await plainServer((socket) => socket.write(OTHER_FLAG));
    const { code, errors } = await runSample('testecho-pack', 'client', '--port', String(port), ...FLAG)
      .ended;
    expect({ code, errors }).toEqual({
      code: 1,
      errors: ['ERR_FRAME_DATA: a packet has flag 6, not 361'],
    });
  });

  it('should exit with 1 and one line when the server does not like our flag', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0', ...FLAG);
    const { code, errors } = await runSample(
      ...['testecho-pack', 'client', '--port', String(await server.port()), '--message', 'hello'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: ['only 0 of 9 bytes came back'] });
    await server.line(/^#1 close protocol ERR_FRAME_DATA/);
  });

  it('should exit with 0 when the server ends the connection while it waits for input', async () => {
    const port = await plainServer((socket) => socket.end(HELLO));
    const { code, out } = await runSample('testecho-pack', 'client', '--port', String(port), ...FLAG).ended;
    expect(code).toBe(0);
    expect(out).toContain("#1 receive 5 bytes 'hello'");
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'should exit with 0 on %s while it waits for input',
    async (signal) => {
      const port = await plainServer(echo);
      const client = runSample('testecho-pack', 'client', '--port', String(port));
      await client.line(/connect/);
      client.signal(signal);
      expect(await client.ended).toMatchObject({ code: 0, errors: [] });
    },
  );

  it('should exit with 1 and one line when the connection is refused', async () => {
    expect(await runSample('testecho-pack', 'client', '--port', '1', '--message', 'hello').ended).toEqual({
      code: 1,
      out: [],
      errors: ['cannot connect to 127.0.0.1:1: connection refused (ECONNREFUSED)'],
    });
  });
});

describe('testecho-pack agent', () => {
  it('should send every line on every connection', async () => {
    const server = runSample('testecho-pack', 'server', '--port', '0', ...FLAG);
    const port = String(await server.port());
    const agent = runSample('testecho-pack', 'agent', '--port', port, ...FLAG, '--connections', '2');
    agent.input.end('hi\n\nthere');
    const { code, out, errors } = await agent.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    for (const id of [1, 2]) {
      expect(out.filter((line) => line.startsWith(`#${id} re`))).toEqual(
        expect.arrayContaining([
          `#${id} receive 2 bytes 'hi'`,
          `#${id} receive 5 bytes 'there'`,
          expect.stringMatching(/ refused ERR_FRAME_LENGTH: a packet of 0 bytes/),
        ]),
      );
    }
    expect(out.filter((line) => / close \w+ \(15 bytes in, 15 out\)$/.test(line))).toHaveLength(2);
    expect(out.at(-1)).toBe('shutdown (2 closed, 0 cut off, 0 bytes lost)');
  });
});
