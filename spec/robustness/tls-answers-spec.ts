import { copyFileSync, mkdtempSync, renameSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { asyncScheduler, firstValueFrom } from 'rxjs';
import type { NetworkError } from '../../lib/base/errors.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { ServerNameAnswer } from '../../lib/transport/tls/tls-options.ts';
import { closedLater } from '../behaviour/world.ts';
import { afterTest } from '../support/cleanup.ts';
import { certificateFile, echoServer, echoes, endingOf, identity, tlsAgent } from '../support/tls-world.ts';

const HOST = '127.0.0.1';

/** One turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** What came of a promise. */
const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error as NetworkError).code,
  );

describe('onServerName', () => {
  it.each([
    ['null', () => null],
    ['null, later', () => Promise.resolve(null)],
    ['a number, later', () => Promise.resolve(5)],
  ])('should refuse when it answers with %s', async (_what, answer) => {
    const echo = await echoServer({ onServerName: answer as never });
    const agent = await tlsAgent();
    const ended = echo.nextClose();
    const closed = firstValueFrom(agent.close$);
    const connecting = outcome(agent.connect({ host: HOST, port: echo.port }, { serverName: 'localhost' }));
    expect(endingOf(await ended)).toEqual({ reason: 'tls', code: 'ERR_TLS_SERVER_NAME' });
    expect(await connecting).toBe('ERR_TLS_ALERT');
    expect(endingOf(await closed)).toMatchObject({ alert: 'unrecognized_name' });
  });

  it('should be waited for when it answers with a promise of another library', async () => {
    const later = { then: (resolve: (answer: ServerNameAnswer) => void) => resolve({ use: 'example.org' }) };
    const echo = await echoServer({
      names: { 'example.org': identity('example') },
      onServerName: () => later as Promise<ServerNameAnswer>,
    });
    const info = await echoes(await tlsAgent(), echo.port, 'example.org');
    expect(info.peerCertificate?.subject).toBe('CN=example.org');
  });
});

describe('an OCSP responder', () => {
  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a number', () => 5],
    ['an object, later', () => Promise.resolve({})],
    ['an error', () => Promise.reject(new Error('no responder'))],
  ])('should not keep clients from being served when it answers with %s', async (_what, ocsp) => {
    const echo = await echoServer({ ocsp: ocsp as never });
    const info = await echoes(await tlsAgent({ requestOcsp: true }), echo.port);
    expect(info.ocspResponse).toBeUndefined();
  });

  it('should be heard too late when the server has stopped', async () => {
    const answers: ((staple: Uint8Array) => void)[] = [];
    const echo = await echoServer({ ocsp: () => new Promise((resolve) => answers.push(resolve)) });
    const agent = await tlsAgent({ requestOcsp: true });
    const connecting = outcome(agent.connect({ host: HOST, port: echo.port }));
    await until(() => answers.length > 0);
    await echo.server.stop({ drain: false });
    await turn();
    answers[0]?.(Uint8Array.of(1, 2, 3));
    expect(await connecting).toBe('ERR_TLS_HANDSHAKE');
    expect(echo.closes.map(endingOf)).toEqual([{ reason: 'stop' }]);
  });

  it('should be able to stop the server', async () => {
    const echo = await echoServer({
      ocsp: () => {
        void echo.server.stop({ drain: false });
        return undefined;
      },
    });
    const ended = echo.nextClose();
    const agent = await tlsAgent({ requestOcsp: true });
    agent.receive$.subscribe();
    await outcome(agent.connect({ host: HOST, port: echo.port }));
    expect((await ended).reason).toBe('stop');
  });
});

describe('sessions', () => {
  it('should be forgotten when there are too many, the oldest first', async () => {
    const echo = await echoServer();
    const agent = await tlsAgent({ verify: 'chain' });
    const visit = async (n: number) => (await echoes(agent, echo.port, `n${n}.server.test`)).resumed;
    for (let n = 0; n < 258; n++) expect(await visit(n)).toBe(false);
    expect(await Promise.all([visit(0), visit(257)])).toEqual([false, true]);
  });
});

describe('certificates of a server that has stopped', () => {
  it('should not be watched because they are loaded anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stopped-'));
    afterTest(() => rmSync(folder, { recursive: true }));
    const certFile = join(folder, 'server.pem');
    copyFileSync(certificateFile('server'), certFile);
    let appointments = 0;
    const scheduler = {
      now: () => asyncScheduler.now(),
      schedule: ((...args: Parameters<typeof asyncScheduler.schedule>) => {
        appointments++;
        return asyncScheduler.schedule(...args);
      }) as typeof asyncScheduler.schedule,
    };
    const keyFile = certificateFile('server-key');
    const server = closedLater(
      new TcpServer({ host: HOST, scheduler, tls: { certFile, keyFile, watch: true } }),
    );
    await server.start();
    await server.stop();
    server.tls?.reload();
    server.tls?.set('example.org', identity('example'));
    const before = appointments;
    const seen = new Promise((resolve) => {
      const watcher = watch(folder, resolve);
      afterTest(() => watcher.close());
    });
    copyFileSync(certificateFile('server'), `${certFile}.new`);
    renameSync(`${certFile}.new`, certFile);
    await seen;
    await turn();
    expect(appointments).toBe(before);
  });
});
