import { expect, it } from '@jest/globals';
import { defer, firstValueFrom, lastValueFrom, repeat, take, takeWhile, tap, toArray } from 'rxjs';
import { sendTo } from '../../../lib/connection/send-to.ts';
import { collect, difference, firstBytes, pattern } from '../../support/patterns.ts';
import type { World } from '../world.ts';

/** How bytes come in. */
export function receivingBehaviour(world: World): void {
  it('should echo bytes', async () => {
    const { near, far } = await world.pair();
    far.receive$.pipe(sendTo(far)).subscribe();
    const sent = pattern(3_000_000);
    near.send(sent);
    near.end();
    expect(difference(await collect(near.receive$), sent)).toBe('nowhere');
    expect(near.bytesIn).toBe(sent.length);
    expect(near.bytesOut).toBe(sent.length);
  });

  it('should carry bytes both ways at the same time', async () => {
    const { near, far } = await world.pair();
    const there = pattern(4_000_000, 1);
    const back = pattern(4_000_000, 2);
    near.send(there);
    far.send(back);
    near.end();
    far.end();
    const [atFar, atNear] = await Promise.all([collect(far.receive$), collect(near.receive$)]);
    expect(difference(atFar, there)).toBe('nowhere');
    expect(difference(atNear, back)).toBe('nowhere');
  });

  it('should read nothing before somebody subscribes', async () => {
    const { near, far } = await world.pair();
    far.send('early');
    await far.flush();
    await world.settle();
    expect(near.reading).toBe(false);
    expect(near.bytesIn).toBe(0);
    expect((await firstBytes(near.receive$, 5)).toString()).toBe('early');
  });

  it('should read for a subscriber of the component too', async () => {
    const { server, near, far } = await world.pair();
    near.send('hello');
    const received = firstValueFrom(server.receive$);
    expect(far.reading).toBe(true);
    expect((await received).connection).toBe(far);
    expect(far.reading).toBe(false);
  });

  it('should lose nothing between subscribers that follow each other at once', async () => {
    const { near, far } = await world.pair({ server: { bufferSize: 4096 } });
    const sent = pattern(300_000);
    near.send(sent);
    const received: Uint8Array[] = [];
    let missing = sent.length;
    await lastValueFrom(
      defer(() => far.receive$.pipe(take(1))).pipe(
        repeat(),
        tap((chunk) => received.push(chunk)),
        takeWhile((chunk) => (missing -= chunk.length) > 0, true),
      ),
    );
    expect(difference(Buffer.concat(received), sent)).toBe('nowhere');
  });

  it('should lose nothing between subscribers that take their time', async () => {
    const { near, far } = await world.pair({ server: { bufferSize: 10_000 } });
    const sent = pattern(300_000);
    near.send(sent);
    const received: Uint8Array[] = [];
    for (let missing = sent.length; missing > 0; missing -= received.at(-1)?.length ?? 0) {
      received.push(await firstValueFrom(far.receive$));
    }
    expect(difference(Buffer.concat(received), sent)).toBe('nowhere');
  });

  it('should tell every subscriber the same', async () => {
    const { server, near, far } = await world.pair();
    const sent = pattern(300_000);
    const both = [collect(far.receive$), collect(far.receive$)];
    let merged = 0;
    server.receive$.subscribe(({ data }) => (merged += data.length));
    near.send(sent);
    near.disconnect();
    const [first, second] = (await Promise.all(both)) as [Buffer, Buffer];
    expect(difference(first, sent)).toBe('nowhere');
    expect(difference(second, sent)).toBe('nowhere');
    expect(merged).toBe(sent.length);
  });

  it('should cut chunks to the buffer size', async () => {
    const { near, far } = await world.pair({ server: { bufferSize: 1000 } });
    const sent = pattern(200_000);
    near.send(sent);
    near.disconnect();
    const chunks = await lastValueFrom(far.receive$.pipe(toArray()));
    expect(Math.max(...chunks.map(({ length }) => length))).toBe(1000);
    expect(difference(Buffer.concat(chunks), sent)).toBe('nowhere');
  });

  it('should complete for those who come when everything has been received', async () => {
    const { near, far } = await world.pair({ server: { halfOpen: true } });
    near.send('x');
    near.end();
    await collect(far.receive$);
    expect(far.state).toBe('open');
    expect((await collect(far.receive$)).length).toBe(0);
  });

  it('should know how long nothing has been received', async () => {
    const { near, far } = await world.pair({ server: { markSilence: false } });
    const { silence } = near;
    expect(silence).toBeGreaterThanOrEqual(0);
    expect(near.age).toBeGreaterThanOrEqual(silence);
    expect(far.silence).toBeNaN();
  });
}
