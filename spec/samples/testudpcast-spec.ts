import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { afterTest } from '../support/cleanup.ts';
import { castInterface, loopsBack } from '../support/loops-back.ts';
import { type SampleRun, runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

const GROUP = '239.77.2.15';
const through = await castInterface(4, GROUP);
const canBroadcast = await loopsBack(4, '255.255.255.255', undefined);
const whenCasting = through === undefined ? it.skip : it;
const whenBroadcasting = canBroadcast ? it : it.skip;

/** A plain socket on the loopback interface, and the datagrams that it gets. */
async function plainSocket() {
  const socket = createSocket('udp4');
  const texts: string[] = [];
  socket.on('message', (bytes) => texts.push(bytes.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  afterTest(() => socket.close());
  return { socket, texts, port: socket.address().port };
}

/** A cast or node that is there, and its port. */
async function sample(...args: string[]): Promise<{ run: SampleRun; port: string }> {
  const run = runSample('testudpcast', ...args);
  const line = await run.line(/^listening udp \S+:\d+$/);
  return { run, port: line.split(':').pop() ?? '' };
}

describe('testudpcast cast', () => {
  const options = ['--address', GROUP, '--interface', through?.name ?? ''];

  whenCasting('should show what any member sends, with the address of the sender', async () => {
    const { run, port } = await sample('cast', ...options, '--port', '0');
    const other = await sample('cast', ...options, '--port', port);
    run.input.write('hello\n');
    await run.line(new RegExp(`^receive 5 bytes 'hello' from \\S+:${port}$`));
    await other.run.line(new RegExp(`^receive 5 bytes 'hello' from \\S+:${port}$`));
    run.signal('SIGINT');
    const { code, out, errors } = await run.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out[0]).toBe(`#1 connect ${GROUP}:${port}`);
    expect(out).toContain(`sent 5 bytes to ${GROUP}:${port}`);
    expect(out.at(-1)).toBe('#1 close stop (5 bytes in, 5 out)');
  });

  whenCasting(
    'should send --message --count times and exit, and print JSON objects with --json',
    async () => {
      const { run, port } = await sample('cast', ...options, '--port', '0', '--json');
      const sender = runSample(
        ...['testudpcast', 'cast', ...options, '--port', port, '--message', 'hey', '--count', '3', '--json'],
      );
      const { code, out, errors } = await sender.ended;
      expect({ code, errors }).toEqual({ code: 0, errors: [] });
      const sent = { event: 'sent', remote: `${GROUP}:${port}`, data: 'aGV5' };
      const events = out.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as object);
      expect(events.filter((event) => 'data' in event && 'event' in event && event.event === 'sent')).toEqual(
        [sent, sent, sent],
      );
      await run.line(/^\{"event":"receive","remote":"[\d.]+:\d+","data":"aGV5"\}$/);
    },
  );

  whenBroadcasting('should reach everybody with --mode broadcast', async () => {
    const { run, port } = await sample('cast', '--mode', 'broadcast', '--port', '0');
    run.input.write('anybody?\n');
    await run.line(new RegExp(`^receive 8 bytes 'anybody\\?' from \\S+:${port}$`));
    run.signal('SIGTERM');
    expect((await run.ended).code).toBe(0);
  });

  it('should exit with 1 and one line when there is no such interface', async () => {
    const { code, out, errors } = await runSample('testudpcast', 'cast', '--interface', 'nowhere0').ended;
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(errors).toEqual([expect.stringMatching(/^cannot connect to 239\.255\.0\.1:5555: .*nowhere0/)]);
  });

  it.each([
    [['--mode', 'unicast'], /^--mode must be one of multicast, broadcast, got 'unicast'$/],
    [['--address', '10.0.0.1'], /castAddress must be an IP address of a multicast group/],
    [['--ttl', '256'], /^--ttl must be an integer from 0 to 255, got '256'$/],
  ])('should refuse %j with one line that says what is legal', async (args, says) => {
    const { code, out, errors } = await runSample('testudpcast', 'cast', ...args).ended;
    expect({ code, out, errors }).toEqual({ code: 2, out: [], errors: [expect.stringMatching(says)] });
  });
});

describe('testudpcast node', () => {
  it('should send lines to the peer of --to, and show what anybody sends', async () => {
    const { socket, texts, port: peer } = await plainSocket();
    const { run, port } = await sample('node', '--port', '0', '--to', `127.0.0.1:${peer}`);
    socket.send('', Number(port), '127.0.0.1');
    await run.line(new RegExp(`^receive 0 bytes '' from 127\\.0\\.0\\.1:${peer}$`));
    const came = once(socket, 'message');
    run.input.write('hello\n');
    await came;
    run.signal('SIGINT');
    const { code, out, errors } = await run.ended;
    expect({ code, errors, texts }).toEqual({ code: 0, errors: [], texts: ['hello'] });
    expect(out.slice(-2)).toEqual([
      `sent 5 bytes to 127.0.0.1:${peer}`,
      'shutdown (0 closed, 0 cut off, 0 bytes lost)',
    ]);
  });

  it('should go on after a datagram that is too long', async () => {
    const { socket, port: peer } = await plainSocket();
    const { run, port } = await sample('node', '--port', '0', '--json');
    socket.send('x'.repeat(1433), Number(port), '127.0.0.1');
    socket.send('fits', Number(port), '127.0.0.1');
    await run.line(/"receive"/);
    const remote = `127.0.0.1:${peer}`;
    run.signal('SIGINT');
    const { out } = await run.ended;
    expect(out.slice(1).map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'dropped', reason: 'oversized', remote, bytes: 1433 },
      {
        event: 'fault',
        error: 'ERR_FRAME_LENGTH',
        message: 'ERR_FRAME_LENGTH: a datagram of 1433 bytes exceeds maxDatagramSize, which is 1432',
      },
      { event: 'receive', remote, data: 'Zml0cw==' },
      { event: 'shutdown', closed: 0, forced: 0, dropped: 0 },
    ]);
  });

  it('should tell that there is nobody to send to', async () => {
    const { code, out } = await runSample('testudpcast', 'node', '--port', '0', '--message', 'hey').ended;
    expect(code).toBe(0);
    expect(out).toContain("refused ERR_STATE: there is no cast address in mode 'unicast'");
  });

  it('should exit with 1 and one line when the port is taken', async () => {
    const { port } = await plainSocket();
    const { code, out, errors } = await runSample('testudpcast', 'node', '--port', String(port)).ended;
    expect({ code, out, errors }).toEqual({
      code: 1,
      out: [],
      errors: [`cannot listen on 127.0.0.1:${port}: address already in use (EADDRINUSE)`],
    });
  });
});
