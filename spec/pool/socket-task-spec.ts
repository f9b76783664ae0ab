import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { type SocketTaskData, socketTask } from '../../lib/pool/socket-task.ts';
import { newPool, startedPool } from './new-pool.ts';

/** A task: what it is given, and how much memory lies around the bytes. */
const show = ({ connectionId, data, wParam, lParam }: SocketTaskData) => ({
  connectionId,
  text: process.getBuiltinModule('node:buffer').Buffer.from(data).toString(),
  around: data.buffer.byteLength,
  wParam,
  lParam,
});

describe('socketTask', () => {
  it('should bring a connection, bytes and parameters to the function', async () => {
    const pool = await startedPool();
    const task = socketTask({ id: 7 }, 'hello', { wParam: 5, lParam: { a: [1] } });
    expect(await pool.submit(show, task)).toEqual({
      connectionId: 7,
      text: 'hello',
      around: 5,
      wParam: 5,
      lParam: { a: [1] },
    });
    expect(await pool.submit(show, socketTask(8))).toMatchObject({ connectionId: 8, text: '', around: 0 });
  });

  it('should copy at once, so that the caller can use its bytes again', async () => {
    const pool = newPool();
    const bytes = utf8('before').slice();
    const starting = pool.start();
    const result = pool.submit(show, socketTask(1, bytes));
    bytes.fill(0x2a);
    await starting;
    expect([(await result).text, bytes.length]).toEqual(['before', 6]);
  });

  it('should refer to bytes until the task begins, and leave them where they are', async () => {
    const pool = newPool();
    const bytes = Buffer.alloc(100, 'x').subarray(10, 13);
    const starting = pool.start();
    const result = pool.submit(show, socketTask(1, bytes, { buffer: 'refer' }));
    bytes.fill('y');
    await starting;
    expect(await result).toMatchObject({ text: 'yyy', around: 3 });
    expect(bytes.toString()).toBe('yyy');
  });

  it('should share memory that is shared', async () => {
    const pool = await startedPool();
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    await pool.submit(
      ({ data }: SocketTaskData) => {
        data[0] = 42;
      },
      socketTask(1, shared, { buffer: 'refer' }),
    );
    expect(shared[0]).toBe(42);
  });

  it('should move memory that belongs to the bytes alone, and copy other', async () => {
    const pool = await startedPool();
    const alone = Uint8Array.from(utf8('alone'));
    const part = utf8('-part-').subarray(1, 5);
    const moved = pool.submit(show, socketTask(1, alone, { buffer: 'transfer' }));
    expect((await moved).text).toBe('alone');
    expect(alone.length).toBe(0);
    const copied = pool.submit(show, socketTask(1, part, { buffer: 'transfer' }));
    expect((await copied).text).toBe('part');
    expect(part.length).toBe(4);
  });

  it('should refuse what is no connection, data or option', () => {
    expect(() => socketTask('7' as never)).toThrow('ERR_OPTION');
    expect(() => socketTask({} as never)).toThrow('ERR_OPTION');
    expect(() => socketTask(1, 5 as never)).toThrow('ERR_OPTION');
    expect(() => socketTask(1, '', { buffer: 'steal' as never })).toThrow('ERR_OPTION');
  });
});
