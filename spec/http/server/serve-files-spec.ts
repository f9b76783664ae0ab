import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mergeMap } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import { filePath } from '../../../lib/http/server/file-path.ts';
import { serveFiles, type ServeFilesOptions } from '../../../lib/http/server/serve-files.ts';
import { pattern } from '../../support/patterns.ts';
import { ask, serving } from './ask.ts';

const LARGE = pattern(5_000_000);
let folder = '';
let root = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
  root = join(folder, 'root');
  for (const name of ['root/sub/deep', 'root/empty', 'root/.hidden'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(root, 'index.html'), '<h1>home</h1>');
  writeFileSync(join(root, 'sub/index.html'), '<h1>sub</h1>');
  writeFileSync(join(root, 'sub/a b+c.txt'), 'blanks');
  writeFileSync(join(root, 'sub/ä.txt'), 'umlaut');
  writeFileSync(join(root, 'data.bin'), '0123456789');
  writeFileSync(join(root, 'nothing.txt'), '');
  writeFileSync(join(root, '.secret'), 'hidden');
  writeFileSync(join(root, '.hidden/file.txt'), 'hidden');
  writeFileSync(join(root, 'large.dat'), LARGE);
  writeFileSync(join(folder, 'outside.txt'), 'outside');
  writeFileSync(join(folder, 'rootlike'), 'outside');
  symlinkSync('../outside.txt', join(root, 'out.txt'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('data.bin', join(root, 'in.bin'));
  symlinkSync('loop', join(root, 'loop'));
  utimesSync(join(root, 'data.bin'), 1_000_000_000, 1_000_000_000);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function files(options?: ServeFilesOptions) {
  const { port, faults, server } = await serving(mergeMap(serveFiles(root, options)));
  return {
    port,
    faults,
    server,
    get: (path: string, headers?: Record<string, string>, method?: string) =>
      ask(port, path, headers, method),
  };
}

describe('serveFiles', () => {
  it('should serve files with what is known about them', async () => {
    const { get, faults } = await files({ cacheControl: 'max-age=60' });
    const { status, headers, body } = await get('/data.bin');
    expect([status, String(body)]).toEqual([200, '0123456789']);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT',
      etag: expect.stringMatching(/^"[a-z\d]+-[a-z\d]+-[a-z\d]+"$/) as unknown,
      'accept-ranges': 'bytes',
      'cache-control': 'max-age=60',
      'x-content-type-options': 'nosniff',
    });
    expect(faults).toEqual([]);
  });

  it.each([
    ['/', '<h1>home</h1>', 'text/html; charset=utf-8'],
    ['/index.html?a=b', '<h1>home</h1>', 'text/html; charset=utf-8'],
    ['/sub/', '<h1>sub</h1>', 'text/html; charset=utf-8'],
    ['/sub/a%20b+c.txt', 'blanks', 'text/plain; charset=utf-8'],
    ['/sub/%C3%A4.txt', 'umlaut', 'text/plain; charset=utf-8'],
    ['/%73ub/index.html', '<h1>sub</h1>', 'text/html; charset=utf-8'],
    ['/nothing.txt', '', 'text/plain; charset=utf-8'],
    ['/in.bin', '0123456789', 'application/octet-stream'],
  ])('should find %s', async (path, text, type) => {
    const { get } = await files();
    const { status, headers, body } = await get(path);
    expect([status, String(body), headers['content-type']]).toEqual([200, text, type]);
    const head = await get(path, {}, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect({ ...headers, date: '' }).toMatchObject({ ...head.headers, date: '' });
  });

  it.each([
    ['/missing.txt', 404],
    ['/sub/deep/', 404],
    ['/data.bin/', 404],
    ['/data.bin/x', 404],
    ['/empty/', 404],
    ['/.secret', 404],
    ['/.hidden/file.txt', 404],
    ['/sub/../data.bin', 404],
    ['/../outside.txt', 404],
    ['/%2e%2e/outside.txt', 404],
    ['/..%2foutside.txt', 404],
    ['/..%5coutside.txt', 404],
    ['/%252e%252e/outside.txt', 404],
    ['/sub/.%2e/.%2e/outside.txt', 404],
    ['/sub//index.html', 404],
    ['//data.bin', 404],
    ['/./data.bin', 404],
    ['/up/outside.txt', 404],
    ['/out.txt', 404],
    ['/loop', 404],
    ['/data.bin%00.txt', 400],
    ['/%ff', 400],
    [`/${'x'.repeat(300)}`, 404],
  ])('should refuse %s', async (path, status) => {
    const { get, faults } = await files();
    const answer = await get(path);
    expect([answer.status, String(answer.body)]).toEqual([status, '']);
    expect(faults).toEqual([]);
  });

  it('should show what options allow', async () => {
    const { get } = await files({ dotFiles: true, followLinks: true, index: false });
    expect(String((await get('/.secret')).body)).toBe('hidden');
    expect(String((await get('/out.txt')).body)).toBe('outside');
    expect((await get('/../outside.txt')).status).toBe(404);
    expect((await get('/')).status).toBe(404);
    const other = await files({ prefix: '/assets', index: 'data.bin', type: () => 'x/y' });
    expect((await other.get('/assets/')).headers['content-type']).toBe('x/y');
    expect((await other.get('/assetsdata.bin')).status).toBe(404);
    expect((await other.get('/data.bin')).status).toBe(404);
  });

  it('should lead to folders', async () => {
    const { get } = await files();
    const { status, headers } = await get('/sub?a=b');
    expect([status, headers.location]).toEqual([301, '/sub/?a=b']);
  });

  it('should refuse other methods, and illegal options', async () => {
    const { get } = await files();
    const { status, headers } = await get('/data.bin', {}, 'DELETE');
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    for (const options of [
      { prefix: 'a' },
      { prefix: '/a/' },
      { index: '../x' },
      { index: '' },
      { idx: 'x' },
    ] as ServeFilesOptions[])
      expect(() => serveFiles(root, options)).toThrow(OptionError);
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=9-', 206, '9', 'bytes 9-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=x', 200, '0123456789', undefined],
    ['lines=1-2', 200, '0123456789', undefined],
  ])('should answer ranges: %s', async (range, status, text, contentRange) => {
    const { get } = await files();
    const answer = await get('/data.bin', { Range: range });
    expect([answer.status, String(answer.body), answer.headers['content-range']]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  it('should answer several ranges in parts', async () => {
    const { get } = await files();
    const { status, headers, body } = await get('/data.bin', { Range: 'bytes=0-1,8-9' });
    const [, boundary] = /boundary=(\w+)$/.exec(headers['content-type'] ?? '') ?? [];
    expect(status).toBe(206);
    expect(String(body)).toBe(
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n` +
        `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--${boundary}--\r\n`,
    );
  });

  it('should answer conditional requests', async () => {
    const { get } = await files();
    const { etag = '' } = (await get('/data.bin')).headers;
    const since = { 'If-Modified-Since': 'Sun, 09 Sep 2001 01:46:40 GMT' };
    const same = await get('/data.bin', { 'If-None-Match': `"x", W/${etag}` });
    expect([same.status, same.headers.etag, same.headers['content-type'], same.body.length]).toEqual([
      304,
      etag,
      undefined,
      0,
    ]);
    expect((await get('/data.bin', since)).status).toBe(304);
    expect((await get('/data.bin', { ...since, 'If-None-Match': '"x"' })).status).toBe(200);
    expect((await get('/data.bin', { 'If-Match': '"x"' })).status).toBe(412);
    expect((await get('/data.bin', { 'If-Match': etag })).status).toBe(200);
    expect((await get('/data.bin', { Range: 'bytes=0-0', 'If-Range': etag })).status).toBe(206);
    expect((await get('/data.bin', { Range: 'bytes=0-0', 'If-Range': '"x"' })).status).toBe(200);
  });

  it('should serve large files, whole and in parts', async () => {
    const { get } = await files();
    const whole = await get('/large.dat');
    expect(whole.body.equals(LARGE)).toBe(true);
    expect(whole.headers['content-length']).toBe('5000000');
    const part = await get('/large.dat', { Range: 'bytes=1000000-4000000' });
    expect(part.body.equals(LARGE.subarray(1_000_000, 4_000_001))).toBe(true);
    const several = await get('/large.dat', { Range: 'bytes=0-999999,3000000-3999999' });
    expect(several.body.length).toBe(Number(several.headers['content-length']));
    expect(several.body.includes(LARGE.subarray(3_000_000, 3_999_999))).toBe(true);
  });

  it('should read no faster than the client does, and close what it has opened', async () => {
    const { port, server } = await files();
    const socket = connect(port, '127.0.0.1');
    for (let i = 0; i < 20; i++) socket.write('GET /large.dat HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [connection] = server.connections.values();
    expect(connection?.pending).toBeLessThan(1_000_000);
    expect(opened()).toBe(1);
    const closed = once(socket, 'close');
    socket.resetAndDestroy();
    await closed;
    while (server.connections.size > 0 || opened() > 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('should reset the connection when a file becomes shorter under way', async () => {
    const { port, server, faults } = await files();
    writeFileSync(join(root, 'changing.dat'), LARGE);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /changing.dat HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'readable');
    writeFileSync(join(root, 'changing.dat'), 'short');
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(faults[0]?.error.code).toBe('ERR_STATE');
  });
});

/** How many times the large file is open in this process. */
function opened(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((link) => link === join(root, 'large.dat')).length;
}

describe('the path of a file', () => {
  it.each([
    ['/', '', { names: [], isFolder: true }],
    ['/a/b', '', { names: ['a', 'b'], isFolder: false }],
    ['/a/b/', '/a', { names: ['b'], isFolder: true }],
    ['/a', '/a', { status: 404 }],
    ['*', '', { status: 404 }],
    ['', '', { status: 404 }],
    ['/%zz', '', { status: 400 }],
    ['/a\\b', '', { status: 404 }],
  ])('should be read: %s behind %s', (path, prefix, expected) => {
    expect(filePath(path, prefix, false)).toEqual(expected);
  });
});
