import { describe, expect, it } from '@jest/globals';
import { Subject, map, take, tap } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';
import { codedWorld, endOf, logOf, settled } from '../support/coded-world.ts';
import { numbers, words } from '../support/word-codec.ts';

describe('what was sent before', () => {
  it('should be delivered before a message that breaks the protocol closes the connection', async () => {
    const { coded, raw, heard } = await codedWorld();
    coded.receive$.subscribe({ next: (word) => coded.send(`re ${word}`), error: () => undefined });
    raw.send('a;b;!;c;');
    expect(await endOf(coded)).toMatchObject({ reason: 'protocol' });
    await settled();
    expect(heard).toEqual({ text: 're a;re b;', ending: 'complete' });
  });

  it('should be delivered when the component stops in the same turn', async () => {
    const { server, coded, heard } = await codedWorld();
    expect(coded.send('bye')).toBe('ok');
    expect(await server.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    await settled();
    expect(heard.text).toBe('bye;');
  });

  it('should be delivered when the component disconnects the connection for its age in the same turn', async () => {
    const { server, coded, heard } = await codedWorld();
    coded.send('bye');
    server.disconnectLong(0);
    await settled();
    expect(heard.text).toBe('bye;');
  });

  it('should be delivered when the work on the last message ends after the peer has', async () => {
    const { coded, raw, heard } = await codedWorld();
    const finished = new Subject<void>();
    coded.receive$
      .pipe(
        flowForEach((word) =>
          finished.pipe(
            take(1),
            tap(() => coded.send(`re ${word}`)),
          ),
        ),
      )
      .subscribe();
    raw.send('a;');
    raw.end();
    await settled();
    finished.next();
    await settled();
    expect(heard).toEqual({ text: 're a;', ending: 'complete' });
  });

  it('should be delivered when it is said on the end of a peer that said nothing', async () => {
    const { coded, raw, heard } = await codedWorld();
    coded.receive$.subscribe({ complete: () => coded.send('bye') });
    raw.end();
    await settled();
    expect(heard).toEqual({ text: 'bye;', ending: 'complete' });
  });

  it('should be delivered when a handler made the codec itself and completes', async () => {
    const { server, agent, transport, raw } = await codedWorld();
    raw.disconnect();
    await server.stop();
    const plain = new TcpServer({ transport, port: 2 });
    plain.accept$
      .pipe(
        handleEach((connection) => {
          const coded = connection.through(words());
          return coded.receive$.pipe(
            take(1),
            tap((word) => coded.send(`re ${word}`)),
          );
        }),
      )
      .subscribe();
    await plain.start();
    const other = await agent.connect(2);
    const heard = logOf(other.receive$.pipe(map(toText)));
    other.send('a;');
    await settled();
    expect(heard).toEqual(['re a;', '|']);
    await plain.stop();
  });
});

describe('what is cut off', () => {
  it('should be counted, and not look complete to the peer', async () => {
    const { coded, heard } = await codedWorld();
    const ended = endOf(coded);
    coded.send('hello');
    coded.disconnect(true);
    expect(await ended).toMatchObject({ reason: 'forced', unsent: 6 });
    await settled();
    expect(heard).toEqual({ text: '', ending: 'ECONNRESET' });
  });
});

describe('a stack of codecs', () => {
  it('should keep several messages of one send apart', async () => {
    const { coded, heard } = await codedWorld();
    coded.through(numbers()).send(1, 2, 3);
    await settled();
    expect(heard.text).toBe('1;2;3;');
  });
  it('should accept a message of which nothing is to be sent', async () => {
    const { coded, heard } = await codedWorld({ server: { sendPolicy: sendPolicy.direct() } });
    expect(coded.through(numbers()).send(-1)).toBe('ok');
    await settled();
    expect(heard.text).toBe('');
  });
});
