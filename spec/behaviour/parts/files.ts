import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { lastValueFrom, take, toArray } from 'rxjs';
import { afterTest } from '../../support/cleanup.ts';
import { collect, difference, pattern } from '../../support/patterns.ts';
import type { World } from '../world.ts';

/** Files as a part of what is sent. */
export function fileBehaviour(world: World): void {
  it('should send a file between head and tail, in its place among other sends', async () => {
    const { near, far } = await world.pair();
    const received = collect(far.receive$);
    const content = pattern(3_000_000);
    near.send('before|');
    const progress = lastValueFrom(
      near.sendFile(fileWith(content), { head: 'head|', tail: '|tail' }).pipe(toArray()),
    );
    near.send('|after');
    near.disconnect();
    const all = Buffer.concat([Buffer.from('before|head|'), content, Buffer.from('|tail|after')]);
    expect(difference(await received, all)).toBe('nowhere');
    const steps = await progress;
    expect(steps.at(-1)).toBe(content.length + 10);
    expect(steps.every((bytes, i) => bytes > (steps[i - 1] ?? 0))).toBe(true);
  });

  it('should send nothing until somebody subscribes, and again for everybody who does', async () => {
    const { near, far } = await world.pair();
    const received = collect(far.receive$);
    const file = near.sendFile(fileWith(Buffer.from('file')));
    near.send('<');
    await lastValueFrom(file);
    await lastValueFrom(file);
    near.send('>');
    near.disconnect();
    expect((await received).toString()).toBe('<filefile>');
  });

  it('should send head and tail of an empty file', async () => {
    const { near, far } = await world.pair();
    const received = collect(far.receive$);
    await lastValueFrom(near.sendFile(fileWith(Buffer.alloc(0)), { head: '<', tail: '>' }));
    near.disconnect();
    expect((await received).toString()).toBe('<>');
  });

  it('should complete when an empty file has nothing around it', async () => {
    const { near } = await world.pair();
    expect(await lastValueFrom(near.sendFile(fileWith(Buffer.alloc(0))).pipe(toArray()))).toEqual([]);
  });

  it.each([
    ['is missing', 'ENOENT', () => join(folder(), 'missing')],
    ['is a directory', 'EISDIR', () => folder()],
  ] as const)('should send nothing of a file that %s', async (_, code, path) => {
    const { near, far } = await world.pair();
    const received = collect(far.receive$);
    near.send('<');
    const sending = lastValueFrom(near.sendFile(path(), { head: 'head', tail: 'tail' }));
    near.send('>');
    await expect(sending).rejects.toMatchObject({ code });
    expect(near.state).toBe('open');
    near.disconnect();
    expect((await received).toString()).toBe('<>');
  });

  it('should end a file early when the subscriber leaves, and go on with what follows', async () => {
    const { near, far } = await world.pair();
    const content = pattern(6_000_000);
    const sending = lastValueFrom(near.sendFile(fileWith(content), { tail: 'tail' }).pipe(take(1)));
    near.send('after');
    const received = collect(far.receive$);
    await sending;
    near.disconnect();
    const bytes = await received;
    expect(bytes.length).toBeLessThan(content.length);
    expect(bytes.subarray(-5).toString()).toBe('after');
    expect(difference(bytes.subarray(0, -5), content.subarray(0, bytes.length - 5))).toBe('nowhere');
  });

  it('should fail when the connection closes before the file is sent', async () => {
    const { near } = await world.pair();
    const sending = lastValueFrom(near.sendFile(fileWith(pattern(12_000_000))).pipe(toArray()));
    near.disconnect(true);
    await expect(sending).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(lastValueFrom(near.sendFile(fileWith(pattern(1))))).rejects.toMatchObject({
      code: 'ERR_CLOSED',
    });
  });
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'files-'));
  afterTest(() => rmSync(path, { recursive: true }));
  return path;
}

function fileWith(content: Uint8Array): string {
  const path = join(folder(), 'content');
  writeFileSync(path, content);
  return path;
}
