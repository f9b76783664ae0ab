import { describe, expect, it, jest } from '@jest/globals';
import type { Socket } from 'node:net';
import { plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

async function forwarded() {
  const { promise: far, resolve } = withResolvers<Socket>();
  const to = await plainServer(resolve);
  const sample = runSample('portforward', '--port', '0', '--to', `127.0.0.1:${to}`);
  const near = await plainClient(await sample.port());
  return { sample, near, far: await far };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

describe('portforward', () => {
  it('should forward both ways, and go on to answer when the caller has ended its side', async () => {
    const { sample, near, far } = await forwarded();
    near.end('question');
    expect(await readAll(far)).toBe('question');
    far.end('answer');
    expect(await readAll(near)).toBe('answer');
    await sample.line(/^#1 accept 127\.0\.0\.1:\d+$/);
    await sample.line(/^#1 close peer \(8 bytes in, 6 out\)$/);
  });

  it('should go on to take what the caller sends when the target has ended its side', async () => {
    const { sample, near, far } = await forwarded();
    far.end('hello');
    expect(await readAll(near)).toBe('hello');
    near.end('still here');
    expect(await readAll(far)).toBe('still here');
    await sample.line(/^#1 close \w+ \(10 bytes in, 5 out\)$/);
  });

  it('should close only the connection whose target refuses', async () => {
    const sample = runSample('portforward', '--port', '0', '--to', '127.0.0.1:1');
    const port = await sample.port();
    for (const id of [1, 2]) {
      const near = await plainClient(port);
      expect(await readAll(near)).toBe('');
      await sample.line(new RegExp(`^#${id} close handler ECONNREFUSED`));
    }
  });

  it('should exit with 0 on SIGTERM while a connection is forwarded, having delivered what it took', async () => {
    const { sample, near, far } = await forwarded();
    near.write('on its way');
    expect(await read(far, 10)).toBe('on its way');
    sample.signal('SIGTERM');
    expect(await readAll(near)).toBe('');
    expect(await readAll(far)).toBe('');
    expect(await sample.ended).toMatchObject({ code: 0, errors: [] });
  });
});
