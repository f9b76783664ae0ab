import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import type { NetworkError } from '../../../lib/base/errors.ts';
import { HttpUpgradeError } from '../../../lib/http/client/client-error.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, answer, outcome, rawWorld, serverWorld, textOf } from './world.ts';

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

describe('upgrade()', () => {
  it('should hand out the connection with what came behind the response', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      connection.send(text.includes('Upgrade: echo') ? `${SWITCH}early` : `echo ${text}`);
    });
    const { response, connection } = await firstValueFrom(agent.upgrade({ url: ROOT, protocol: 'echo' }));
    expect([response.status, response.isComplete, agent.idleConnections]).toEqual([101, true, 0]);
    const pieces: string[] = [];
    await settled();
    connection.receive$.subscribe((piece) => pieces.push(toText(piece)));
    await settled();
    connection.send('hello');
    await settled();
    expect(pieces).toEqual(['early', 'echo hello']);
    expect(heard[0]).toContain('Connection: Upgrade\r\nUpgrade: echo');
    connection.disconnect();
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should speak to our own server', async () => {
    const { agent } = await serverWorld((exchange) => {
      const connection = exchange.upgrade({ fields: { Connection: 'Upgrade', Upgrade: 'echo' } });
      connection.send('welcome');
      connection.receive$.subscribe((piece) => connection.send(piece));
    });
    const { connection } = await firstValueFrom(agent.upgrade({ url: ROOT, protocol: 'echo' }));
    const pieces: string[] = [];
    connection.receive$.subscribe((piece) => pieces.push(toText(piece)));
    connection.send('hello');
    await settled();
    await settled();
    expect(pieces.join(' ')).toBe('welcome hello');
  });

  it('should error with the response of a server that does not want to', async () => {
    const { agent } = await rawWorld((connection) => connection.send(answer('no, thank you')));
    const error: unknown = await firstValueFrom(agent.upgrade({ url: ROOT, protocol: 'echo' })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(HttpUpgradeError);
    expect((error as NetworkError).code).toBe('ERR_HTTP_UPGRADE');
    expect(await firstValueFrom((error as HttpUpgradeError).response.text())).toBe('no, thank you');
    expect(agent.idleConnections).toBe(1);
  });

  it('should close the connection when it is taken back', async () => {
    const { agent } = await rawWorld(() => undefined);
    const upgrade = agent.upgrade({ url: ROOT, protocol: 'echo' }).subscribe();
    await settled();
    upgrade.unsubscribe();
    await settled();
    expect(agent.connections.size).toBe(0);
  });
});

describe('tunnel()', () => {
  it('should ask a proxy, and hand out what it is connected to', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      connection.send(
        text.startsWith('CONNECT') ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' : answer('there'),
      );
    });
    const { connection } = await firstValueFrom(agent.tunnel(ROOT, 'example.org:80'));
    agent.startHttp(connection, 'http://example.org');
    expect(await textOf(agent.get('http://example.org/'))).toBe('there');
    expect(heard).toEqual([
      'CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n\r\nGET / HTTP/1.1\r\nHost: example.org\r\n\r\n',
    ]);
  });

  it('should error when the proxy refuses', async () => {
    const { agent } = await rawWorld((connection) => {
      connection.send('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nauth');
    });
    expect(await outcome(agent.tunnel(ROOT, 'example.org:80'))).toBe('ERR_HTTP_UPGRADE');
    await settled();
    expect(agent.idleConnections).toBe(1);
    expect(await outcome(agent.tunnel(ROOT, 'example.org'))).toBe('ERR_HTTP_MESSAGE');
  });
});
