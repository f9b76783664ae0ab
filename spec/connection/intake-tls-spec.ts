import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { lines } from '../../lib/codec/lines.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { closedLater } from '../behaviour/world.ts';
import { afterTest } from '../support/cleanup.ts';
import { plainClient } from '../support/plain-net.ts';
import { endingOf, identity, pem } from '../support/tls-world.ts';

it('should not deliver a line that waited behind STARTTLS as if TLS had brought it', async () => {
  const server = new TcpServer<string, string>({
    host: '127.0.0.1',
    codec: lines(),
    tls: { ...identity('server'), handshake: 'manual' },
  });
  closedLater(server as never);
  const { port = 0 } = (await server.start()) as { port?: number };
  const closed = firstValueFrom(server.close$);
  const heard: string[] = [];
  server.receive$.subscribe(({ connection, data }) => {
    heard.push(`${data} ${connection.tls === undefined ? 'plain' : 'protected'}`);
    if (data !== 'STARTTLS') return;
    const hold = connection.flow.hold(); // say, while the user is looked up
    setImmediate(() => {
      connection.startTls().then(
        () => hold.release(),
        () => undefined,
      );
    });
  });
  const socket = await plainClient(port);
  socket.write('STARTTLS\nINJECTED\n');
  await firstValueFrom(server.receive$);
  const secure = connect({ socket, ca: pem('ca'), servername: 'localhost' });
  afterTest(() => secure.destroy());
  secure.on('error', () => undefined).resume();
  await Promise.race([
    closed,
    once(secure, 'secureConnect').then(() => new Promise((r) => setTimeout(r, 50))),
  ]);
  expect(heard).toEqual(['STARTTLS plain']);
  expect(endingOf(await closed)).toMatchObject({ code: 'ERR_FRAME_DATA' });
});
