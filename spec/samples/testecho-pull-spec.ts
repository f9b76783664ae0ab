import { describe, expect, it, jest } from '@jest/globals';
import { echo, plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

// 32 bits sequence, 32 bits length, lowest byte first, and the body.
const HELLO = Buffer.from('070000000500000068656c6c6f', 'hex');
const EMPTY = Buffer.from('0800000000000000', 'hex');

describe('testecho-pull server', () => {
  it('should send every packet back, however it is cut, and print events as JSON with --json', async () => {
    const server = runSample('testecho-pull', 'server', '--port', '0', '--json');
    const client = await plainClient(await server.port());
    const { localPort } = client;
    client.write(Buffer.concat([HELLO, HELLO.subarray(0, 10)]));
    expect(await read(client, 13)).toBe(String(HELLO));
    client.end(HELLO.subarray(10));
    expect(await readAll(client)).toBe(String(HELLO));
    await server.line(/"close"/);
    server.signal('SIGINT');

    const { code, out, errors } = await server.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    const received = { event: 'receive', id: 1, sequence: 7, data: 'aGVsbG8=' };
    const sent = { event: 'sent', id: 1, data: HELLO.toString('base64') };
    expect(out.slice(1).map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'accept', id: 1, remote: `127.0.0.1:${localPort}` },
      received,
      sent,
      received,
      sent,
      { event: 'close', id: 1, reason: 'peer', operation: 'close', bytesIn: 26, bytesOut: 26 },
      { event: 'shutdown', closed: 0, forced: 0, dropped: 0 },
    ]);
  });

  it('should keep what each connection waits for apart', async () => {
    const server = runSample('testecho-pull', 'server', '--port', '0');
    const port = await server.port();
    const one = await plainClient(port);
    const two = await plainClient(port);
    one.write(HELLO.subarray(0, 9));
    two.write(HELLO.subarray(0, 5));
    one.write(HELLO.subarray(9));
    two.write(HELLO.subarray(5));
    expect(await read(one, 13)).toBe(String(HELLO));
    expect(await read(two, 13)).toBe(String(HELLO));
    await server.line(/^#1 receive packet 7 of 5 bytes 'hello'$/);
    await server.line(/^#2 receive packet 7 of 5 bytes 'hello'$/);
  });

  it.each([
    { what: 'of 0', bad: EMPTY },
    { what: 'above --max', bad: Buffer.from('0800000006000000', 'hex') },
    { what: 'above 2^31', bad: Buffer.from('08000000ffffffff', 'hex') },
  ])(
    'should close a connection at a length $what, having sent back the packets before it',
    async ({ bad }) => {
      const server = runSample('testecho-pull', 'server', '--port', '0', '--max', '5');
      const client = await plainClient(await server.port());
      client.write(Buffer.concat([HELLO, bad]));
      expect(await readAll(client)).toBe(String(HELLO));
      await server.line(/^#1 close protocol ERR_FRAME_LENGTH \(21 bytes in, 13 out\)$/);
    },
  );

  it('should take a body of the greatest --max', async () => {
    const server = runSample('testecho-pull', 'server', '--port', '0', '--max', '4194303');
    const client = await plainClient(await server.port());
    const header = Buffer.from('00000000ffff3f00', 'hex');
    client.write(Buffer.concat([header, Buffer.alloc(4_194_303, 'x')]));
    expect((await read(client.setEncoding('latin1'), 4_194_311)).length).toBe(4_194_311);
  });
});

describe('testecho-pull client', () => {
  it('should number its packets, show what is refused, go on and exit when the answers came', async () => {
    let wire = '';
    const port = await plainServer((socket) => echo(socket.on('data', (chunk) => (wire += String(chunk)))));
    const client = runSample('testecho-pull', 'client', '--port', String(port), '--max', '5');
    client.input.write('hello\n');
    await client.line(/^#1 receive packet 1 of 5 bytes 'hello'$/);
    client.input.end('\nlonger\n1234\n');

    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(wire).toBe('\x01\0\0\0\x05\0\0\0hello\x02\0\0\0\x04\0\0\x001234');
    expect(out.filter((line) => line.includes('refused'))).toEqual([
      '#1 refused ERR_FRAME_LENGTH: a body of 0 bytes: there may be 1 to 5 (option --max)',
      '#1 refused ERR_FRAME_LENGTH: a body of 6 bytes: there may be 1 to 5 (option --max)',
    ]);
    expect(out).toContain("#1 receive packet 2 of 4 bytes '1234'");
    expect(out.at(-1)).toMatch(/^#1 close \w+ \(25 bytes in, 25 out\)$/);
  });

  it('should show every packet when the answers come in one piece, here as JSON', async () => {
    const port = await plainServer((socket) => void read(socket, 39).then((text) => socket.write(text)));
    const { code, out } = await runSample(
      ...['testecho-pull', 'client', '--port', String(port), '--json', '--message', 'hello', '--count', '3'],
    ).ended;
    expect(code).toBe(0);
    expect(out.filter((line) => line.includes('"receive"'))).toEqual(
      [1, 2, 3].map((sequence) => JSON.stringify({ event: 'receive', id: 1, sequence, data: 'aGVsbG8=' })),
    );
  });

  it.each([
    {
      what: 'at a bad length',
      answer: EMPTY,
      says: 'ERR_FRAME_LENGTH: a body of 0 bytes: there may be 1 to 262144 (option --max)',
    },
    {
      what: 'when the stream ends within a packet',
      answer: HELLO.subarray(0, 12),
      says: 'ERR_FRAME_TRUNCATED: the stream ended 12 bytes into a message',
    },
  ])('should exit with 1 and one line $what, even while it waits for input', async ({ answer, says }) => {
    const port = await plainServer((socket) => socket.end(answer));
    const { code, errors } = await runSample('testecho-pull', 'client', '--port', String(port)).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: [says] });
  });

  it('should exit with 1 and one line when the server allows less', async () => {
    const server = runSample('testecho-pull', 'server', '--port', '0', '--max', '4');
    const { code, errors } = await runSample(
      ...['testecho-pull', 'client', '--port', String(await server.port()), '--message', 'hello'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: ['only 0 of 13 bytes came back'] });
    await server.line(/^#1 close protocol ERR_FRAME_LENGTH/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'should exit with 0 on %s while it waits for input',
    async (signal) => {
      const port = await plainServer(echo);
      const client = runSample('testecho-pull', 'client', '--port', String(port));
      await client.line(/connect/);
      client.signal(signal);
      expect(await client.ended).toMatchObject({ code: 0, errors: [] });
    },
  );

  it('should exit with 1 and one line when the connection is refused', async () => {
    expect(await runSample('testecho-pull', 'client', '--port', '1', '--message', 'hello').ended).toEqual({
      code: 1,
      out: [],
      errors: ['cannot connect to 127.0.0.1:1: connection refused (ECONNREFUSED)'],
    });
  });
});

describe('testecho-pull agent', () => {
  it('should send every line on every connection, each of which counts for itself', async () => {
    const server = runSample('testecho-pull', 'server', '--port', '0');
    const port = String(await server.port());
    const agent = runSample('testecho-pull', 'agent', '--port', port, '--connections', '2');
    agent.input.end('hi\n\nthere');
    const { code, out, errors } = await agent.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    for (const id of [1, 2]) {
      expect(out.filter((line) => line.startsWith(`#${id} re`))).toEqual(
        expect.arrayContaining([
          `#${id} receive packet 1 of 2 bytes 'hi'`,
          `#${id} receive packet 2 of 5 bytes 'there'`,
          expect.stringMatching(/ refused ERR_FRAME_LENGTH: a body of 0 bytes/),
        ]),
      );
    }
    expect(out.filter((line) => / close \w+ \(23 bytes in, 23 out\)$/.test(line))).toHaveLength(2);
    expect(out.at(-1)).toBe('shutdown (2 closed, 0 cut off, 0 bytes lost)');
  });
});
