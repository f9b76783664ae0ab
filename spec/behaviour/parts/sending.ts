import { expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, tap, toArray } from 'rxjs';
import { sendPolicy } from '../../../lib/send/send-policy.ts';
import { collect, difference, pattern } from '../../support/patterns.ts';
import type { World } from '../world.ts';

/** How bytes go out. */
export function sendingBehaviour(world: World): void {
  it.each([
    ['pack', sendPolicy.pack()],
    ['safe', sendPolicy.safe()],
    ['direct', sendPolicy.direct()],
  ] as const)('should keep sends in order with the policy %s', async (_, policy) => {
    const { near, far } = await world.pair({ agent: { sendPolicy: policy } });
    const sent = pattern(2_000_000);
    let at = 0;
    for (let length = 1; at < sent.length; length = (length * 7) % 50_021) {
      near.send(sent.subarray(at, at + length));
      at += length;
    }
    near.disconnect();
    expect(difference(await collect(far.receive$), sent)).toBe('nowhere');
  });

  it('should keep the buffers of one send together and in order', async () => {
    const { near, far } = await world.pair();
    const big = pattern(200_000);
    const expected: (string | Buffer)[] = [];
    for (let i = 0; i < 5; i++) {
      near.send(`<${i}`, big, new Uint8Array(0), `${i}>`);
      near.send('|');
      expected.push(`<${i}`, big, `${i}>`, '|');
    }
    near.disconnect();
    const all = Buffer.concat(expected.map((piece) => Buffer.from(piece as string)));
    expect(difference(await collect(far.receive$), all)).toBe('nowhere');
  });

  it('should send text, bytes and array buffers', async () => {
    const { near, far } = await world.pair();
    near.send('é', Uint8Array.of(1, 2), Uint8Array.of(3, 4).buffer);
    near.disconnect();
    expect((await collect(far.receive$)).toString('hex')).toBe('c3a901020304');
  });

  it('should refuse anything else', async () => {
    const { near } = await world.pair();
    expect(() => near.send(7 as never)).toThrow(/^ERR_OPTION: data must be/);
  });

  it('should let a server speak first', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    server.handshake$.subscribe((connection) => {
      connection.send('welcome');
      connection.end();
    });
    const agent = await world.startedAgent();
    const near = await agent.connect(endpoint);
    expect((await collect(near.receive$)).toString()).toBe('welcome');
  });

  it('should refuse to send before the connection is established', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const client = world.client({ to: endpoint });
    expect(client.send('too early')).toBe('refused');
    const answers: unknown[] = [];
    client.prepareConnect$.subscribe(({ connection }) => {
      answers.push(connection.send('too early'), connection.lastError?.code);
    });
    await client.start();
    expect(answers).toEqual(['refused', 'ERR_NOT_OPEN']);
    expect(client.send('now')).toBe('ok');
  });

  it('should refuse to send after our side has ended', async () => {
    const { near, far } = await world.pair();
    far.receive$.subscribe();
    near.end();
    expect(near.send('too late')).toBe('refused');
    expect(near.lastError).toMatchObject({ code: 'ERR_CLOSED' });
    near.disconnect(true);
    await lastValueFrom(near.close$);
    expect(near.send('far too late')).toBe('refused');
    expect(near.lastError).toMatchObject({ code: 'ERR_CLOSED', operation: 'send' });
  });

  it('should say when everything has been taken by the system', async () => {
    const { near, far } = await world.pair();
    far.receive$.subscribe();
    near.send(pattern(3_000_000));
    expect(near.pending).toBe(3_000_000);
    await near.flush();
    expect(near.pending).toBe(0);
    expect(near.bytesOut).toBe(3_000_000);
    await near.flush();
  });

  it('should stop waiting for a flush when the signal aborts', async () => {
    const { near } = await world.pair();
    near.send(pattern(12_000_000));
    const abort = new AbortController();
    const flushed = near.flush(abort.signal);
    abort.abort();
    await expect(flushed).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(near.flush(abort.signal)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(near.state).toBe('open');
  });

  it('should fail a flush when the connection ends before', async () => {
    const { near } = await world.pair();
    near.send(pattern(12_000_000));
    const flushed = near.flush();
    near.disconnect(true);
    await expect(flushed).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(near.flush()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  it('should publish how much is pending', async () => {
    const { near, far } = await world.pair();
    const seen = lastValueFrom(near.pending$.pipe(toArray()));
    far.receive$.subscribe();
    near.send(pattern(1000));
    near.send(pattern(2000));
    await near.flush();
    near.disconnect(true);
    const values = await seen;
    expect(values.slice(0, 3)).toEqual([0, 1000, 3000]);
    expect(values.at(-1)).toBe(0);
    expect(values.every((value, i) => value !== values[i - 1])).toBe(true);
  });

  it('should tell what has been sent, byte for byte', async () => {
    const { agent, near, far } = await world.pair();
    const sent = pattern(2_000_000);
    let merged = 0;
    agent.sent$.subscribe(({ connection, data }) => (merged += connection === near ? data.length : NaN));
    const copies: Buffer[] = [];
    const told = lastValueFrom(near.sent$.pipe(tap(({ data }) => copies.push(Buffer.from(data)))));
    far.receive$.subscribe();
    for (let at = 0; at < sent.length; at += 40_000) near.send(sent.subarray(at, at + 40_000));
    near.disconnect();
    await told;
    expect(difference(Buffer.concat(copies), sent)).toBe('nowhere');
    expect(near.bytesOut).toBe(sent.length);
    expect(merged).toBe(sent.length);
  });

  it('should refuse what would exceed the limit, and say so', async () => {
    const { agent, near, far } = await world.pair({ agent: { highPending: 1000, maxPending: 5000 } });
    const fault = firstValueFrom(agent.faults$);
    expect(near.send(pattern(1000))).toBe('ok');
    expect(near.send(pattern(1))).toBe('congested');
    expect(near.send(pattern(4000))).toBe('refused');
    expect(near.lastError).toMatchObject({ code: 'ERR_SEND_OVERFLOW' });
    expect(await fault).toMatchObject({ error: { code: 'ERR_SEND_OVERFLOW' }, connection: { id: near.id } });
    expect(near.send(pattern(3999))).toBe('congested');
    near.disconnect();
    expect((await collect(far.receive$)).length).toBe(5000);
  });

  it('should close a connection that is overrun, if told so', async () => {
    const { agent, near, far } = await world.pair({ agent: { maxPending: 5000, overflow: 'close' } });
    const closed = firstValueFrom(agent.close$);
    near.send(pattern(5000));
    expect(near.send('x')).toBe('refused');
    expect(await closed).toMatchObject({ reason: 'overflow', error: { code: 'ERR_SEND_OVERFLOW' } });
    far.disconnect(true);
  });

  it('should count what is dropped to stay within the limit', async () => {
    const { agent, near } = await world.pair({ agent: { maxPending: 5000, overflow: 'drop-new' } });
    const dropped = firstValueFrom(agent.dropped$);
    near.send(pattern(5000));
    expect(near.send('xyz')).toBe('refused');
    expect(await dropped).toMatchObject({ reason: 'overflow', connection: { id: near.id }, bytes: 3 });
  });
}
