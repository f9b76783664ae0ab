import { expect, it } from '@jest/globals';
import { filter, firstValueFrom, map, merge, switchMap } from 'rxjs';
import { dial } from '../../../lib/component/dial.ts';
import { handleEach } from '../../../lib/component/handle-each.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import { sendTo } from '../../../lib/connection/send-to.ts';
import { flowForEach } from '../../../lib/flow/flow-for-each.ts';
import { toAsyncIterable } from '../../../lib/flow/to-async-iterable.ts';
import { collect, difference, pattern } from '../../support/patterns.ts';
import type { World } from '../world.ts';

/** More than the buffers of any system hold, and less than may be pending. */
const PLENTY = 12_000_000;
const HIGH = 64 * 1024;
const BUFFER = 16 * 1024;
const MARKS = { flow: { high: HIGH }, bufferSize: BUFFER };

/** How a slow receiver slows the sender down, and nobody runs out of memory. */
export function flowBehaviour(world: World): void {
  it('should receive nothing while the connection is held', async () => {
    const { near, far } = await world.pair();
    const hold = far.flow.hold('test');
    const received = collect(far.receive$);
    near.send('hello');
    near.disconnect();
    await world.settle();
    expect(far.reading).toBe(false);
    expect(far.bytesIn).toBe(0);
    expect(far.flow.holders()).toMatchObject([{ kind: 'hold', by: 'test' }]);
    hold.release();
    expect((await received).toString()).toBe('hello');
  });

  it('should receive nothing more when it is held in the middle', async () => {
    const { near, far } = await world.pair({ server: { bufferSize: 1000 } });
    const sent = pattern(100_000);
    const received = collect(far.receive$);
    const held = firstValueFrom(far.receive$.pipe(map(() => far.flow.hold())));
    near.send(sent);
    near.disconnect();
    const hold = await held;
    await world.settle();
    expect(far.bytesIn).toBe(1000);
    hold.release();
    expect(difference(await received, sent)).toBe('nowhere');
  });

  it('should hold all connections of a component', async () => {
    const { server, agent, near } = await world.pair();
    const other = await world.join(agent, server);
    let received = 0;
    server.receive$.subscribe(({ data }) => (received += data.length));
    const hold = server.flow.hold();
    near.send('one');
    other.near.send('two');
    await world.settle();
    expect(received).toBe(0);
    hold.release();
    await firstValueFrom(server.receive$.pipe(filter(() => received >= 6)));
    expect(received).toBe(6);
  });

  it('should bound what a slow handler keeps', async () => {
    const { near, far } = await world.pair({ server: MARKS });
    const sent = pattern(PLENTY);
    const taken: Uint8Array[] = [];
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    let most = 0;
    far.receive$
      .pipe(
        flowForEach((chunk) => {
          taken.push(chunk);
          return done;
        }),
      )
      .subscribe();
    far.receive$.subscribe(() => (most = Math.max(most, far.flow.leased)));
    near.send(sent);
    near.disconnect();
    await firstValueFrom(far.flow.paused$.pipe(filter((paused) => paused)));
    await world.settle();
    expect(near.pending).toBeGreaterThan(0);
    expect(far.bytesIn).toBe(far.flow.leased);
    expect(taken).toHaveLength(1);
    finish();
    await firstValueFrom(far.close$);
    expect(most).toBeGreaterThan(HIGH - BUFFER);
    expect(most).toBeLessThanOrEqual(HIGH + BUFFER);
    expect(difference(Buffer.concat(taken), sent)).toBe('nowhere');
  });

  it('should read no faster than a loop over an async iterable', async () => {
    const { near, far } = await world.pair({ server: MARKS });
    const sent = pattern(1_000_000);
    near.send(sent);
    near.disconnect();
    const taken: Uint8Array[] = [];
    let most = 0;
    for await (const chunk of toAsyncIterable(far.receive$)) {
      taken.push(chunk);
      most = Math.max(most, far.flow.leased);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(difference(Buffer.concat(taken), sent)).toBe('nowhere');
    expect(most).toBeLessThanOrEqual(HIGH + BUFFER);
  });

  it('should tell a sender that its receiver is slow, and when it may go on', async () => {
    const { near, far } = await world.pair();
    const block = pattern(BUFFER);
    let sent = 0;
    while (near.send(block) === 'ok') {
      sent += block.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(near.pending).toBeGreaterThan(1024 * 1024);
    expect(sent).toBeGreaterThan(1024 * 1024 - BUFFER);
    far.receive$.subscribe();
    await firstValueFrom(near.pending$.pipe(filter((pending) => pending === 0)));
    expect(near.send(block)).toBe('ok');
  });

  it('should release all leases when the connection ends', async () => {
    const { server, near, far } = await world.pair();
    far.receive$.pipe(flowForEach(() => new Promise(() => undefined))).subscribe();
    near.send('kept for ever');
    await firstValueFrom(far.receive$);
    expect(server.flow.total).toBe(13);
    far.disconnect(true);
    await firstValueFrom(far.close$);
    expect(far.flow.leased).toBe(0);
    expect(server.flow.total).toBe(0);
  });

  it('should echo to a peer that never reads without keeping more than the marks', async () => {
    const { near, far } = await world.pair({ server: MARKS });
    far.receive$.pipe(sendTo(far)).subscribe({ error: () => undefined });
    near.send(pattern(PLENTY));
    await firstValueFrom(far.flow.paused$.pipe(filter((paused) => paused)));
    await world.settle();
    expect(near.pending).toBeGreaterThan(0);
    expect(far.pending).toBeLessThanOrEqual(HIGH + BUFFER);
    expect(far.flow.leased).toBe(far.pending);
  });

  it('should bound a proxy from end to end', async () => {
    const { near, middle, far } = await proxied(world);
    const sent = pattern(PLENTY);
    near.send(sent);
    await firstValueFrom(middle.flow.paused$.pipe(filter((paused) => paused)));
    await world.settle();
    expect(near.pending).toBeGreaterThan(0);
    expect(middle.flow.leased).toBeGreaterThan(0);
    expect(middle.flow.leased).toBeLessThanOrEqual(HIGH + BUFFER);
    near.end();
    const received = collect(far.receive$);
    expect(difference(await received, sent)).toBe('nowhere');
  });

  it('should pass a half-close through a proxy and still carry the answer', async () => {
    const { near, far } = await proxied(world);
    const answer = pattern(3_000_000, 2);
    near.send('question');
    near.end();
    expect((await collect(far.receive$)).toString()).toBe('question');
    far.send(answer);
    far.end();
    expect(difference(await collect(near.receive$), answer)).toBe('nowhere');
    expect(await firstValueFrom(near.close$)).toMatchObject({ reason: 'local', unsent: 0 });
    expect(await firstValueFrom(far.close$)).toMatchObject({ reason: 'peer', unsent: 0 });
  });
}

/** A connection through a proxy that is two `sendTo`s. */
async function proxied(world: World): Promise<{ near: Connection; middle: Connection; far: Connection }> {
  const upstream = world.server({ halfOpen: true });
  const endpoint = await world.start(upstream);
  const proxy = world.server(MARKS);
  const handler = (connection: Connection) =>
    dial(endpoint, { ...world.wiring.dialler, halfOpen: true }).pipe(
      switchMap((onward) =>
        merge(
          connection.receive$.pipe(sendTo(onward, { end: true })),
          onward.receive$.pipe(sendTo(connection, { end: true })),
        ),
      ),
    );
  proxy.accept$.pipe(handleEach(handler)).subscribe();
  const accepted = firstValueFrom(upstream.accept$);
  await proxy.start();
  const agent = await world.startedAgent();
  const { near, far: middle } = await world.join(agent, proxy);
  return { near, middle, far: await accepted };
}
