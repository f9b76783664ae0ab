import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, type Observable, firstValueFrom, from, mergeMap, toArray } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import { type DecompressedOptions, decompressed } from '../../../lib/http/client/decompressed.ts';
import { currentGate } from '../../../lib/flow/emission.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, outcome, serverWorld } from './world.ts';

const TEXT = 'all the world is a stage, '.repeat(200);

/** What a server with this body says, unpacked. */
async function unpacking(
  coding: string,
  body: Uint8Array | Observable<Uint8Array>,
  options?: DecompressedOptions,
) {
  const { agent } = await serverWorld((exchange) => {
    exchange.respond({ body, fields: { 'Content-Encoding': coding, 'X-Own': '1' } });
  });
  return { agent, response$: agent.get(ROOT).pipe(decompressed(options)) };
}

describe('decompressed', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['X-GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['identity, gzip', gzipSync(TEXT)],
    ['gzip', Buffer.concat([gzipSync(TEXT.slice(0, 100)), gzipSync(TEXT.slice(100))])],
  ])('should unpack %s', async (coding, body) => {
    const { agent, response$ } = await unpacking(coding, body);
    const response = await firstValueFrom(response$);
    expect([...response.fields].map(([name]) => name)).toEqual(['X-Own', 'Date']);
    expect(response.head.fields.get('content-encoding')).toBe(coding);
    expect([response.status, response.url]).toEqual([200, `${ROOT}/`]);
    expect(await firstValueFrom(response.text())).toBe(TEXT);
    expect(response.isComplete).toBe(true);
    await settled();
    expect(agent.idleConnections).toBe(1);
  });

  it('should unpack what comes in pieces', async () => {
    const bytes = gzipSync(TEXT);
    const { response$ } = await unpacking('gzip', from([...bytes].map((byte) => new Uint8Array([byte]))));
    expect(await firstValueFrom(response$.pipe(mergeMap((response) => response.text())))).toBe(TEXT);
  });

  it.each([['zstd'], ['gzip, zstd'], ['identity']])('should leave %s as it is', async (coding) => {
    const { response$ } = await unpacking(coding, Buffer.from('as it is'));
    const response = await firstValueFrom(response$);
    expect(response.fields.get('content-encoding')).toBe(coding);
    expect(await firstValueFrom(response.text())).toBe('as it is');
  });

  it('should make nothing of nothing', async () => {
    const { agent, response$ } = await unpacking('gzip', new Uint8Array(0));
    expect(await firstValueFrom(response$.pipe(mergeMap((response) => response.text())))).toBe('');
    expect(await outcome(agent.head(ROOT).pipe(decompressed()))).toBe('status 200');
  });

  it.each([
    ['no gzip', 'gzip', Buffer.from('no gzip at all')],
    ['cut off', 'gzip', gzipSync(TEXT).subarray(0, -10)],
    ['cut off', 'br', brotliCompressSync(TEXT).subarray(0, -3)],
  ])('should error for a body that is %s', async (_name, coding, body) => {
    const { response$ } = await unpacking(coding, body);
    const response = await firstValueFrom(response$);
    expect(await outcome(response.text())).toBe('ERR_HTTP_CODING');
  });

  it('should refuse many codings on top of each other', async () => {
    const { agent, response$ } = await unpacking('gzip, gzip, gzip, gzip', gzipSync(''));
    expect(await outcome(response$)).toBe('ERR_HTTP_CODING');
    expect(agent.idleConnections).toBe(1);
  });

  it('should limit what becomes of a few bytes', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { response$, agent } = await unpacking('gzip', bomb, { maxLength: 100_000 });
    const response = await firstValueFrom(response$);
    let length = 0;
    const error: unknown = await new Promise((resolve) =>
      response.body$.subscribe({ next: (piece) => (length += piece.length), error: resolve }),
    );
    expect(error).toMatchObject({ code: 'ERR_HTTP_CODING' });
    expect(length).toBeLessThanOrEqual(100_000);
    await settled();
    expect(agent.connections.size).toBeLessThanOrEqual(1);
    expect(() => decompressed({ maxLength: -1 })).toThrow(OptionError);
  });

  it('should unpack no faster than is read', async () => {
    const { response$ } = await unpacking('gzip', gzipSync(Buffer.alloc(20_000_000)));
    const response = await firstValueFrom(response$);
    const leases: { release(): void }[] = [];
    let length = 0;
    const done = firstValueFrom(
      response.body$.pipe(
        mergeMap((piece) => {
          length += piece.length;
          leases.push(currentGate()!.lease(piece.length));
          return EMPTY;
        }),
        toArray(),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(length).toBeLessThan(1_000_000);
    const letGo = setInterval(() => leases.splice(0).forEach((lease) => lease.release()), 1);
    await done;
    clearInterval(letGo);
    expect(length).toBe(20_000_000);
  });

  it('should discard the body when it is left', async () => {
    const { agent, response$ } = await unpacking('gzip', gzipSync(TEXT));
    const response = await firstValueFrom(response$);
    response.discard();
    expect(await outcome(response.text())).toBe('ERR_STATE');
    await settled();
    expect(agent.idleConnections).toBe(1);
  });
});
