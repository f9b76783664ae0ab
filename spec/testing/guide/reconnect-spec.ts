import { expect, it } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { pack } from '../../../lib/index.ts';
import { bytesOf } from '../../../lib/testing/marble/bytes-of.ts';
import { marbleNet } from '../../../lib/testing/marble/marble-net.ts';
import { heartbeatClient } from '../heartbeat.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
const codec = pack();
const hello = bytesOf(codec, 'hello');

it('should give up on a server that does not answer, and come back', () => {
  scheduler().run((helpers) => {
    const net = marbleNet(helpers);
    const { refuse } = net;
    const listener = net.listener(5555, ['-', refuse, refuse, '-h'], { h: hello });
    const messages$ = heartbeatClient(5555, {
      dial: { transport: net.transport },
      reconnect: { initialDelay: 100, jitter: 0 },
    });

    helpers.expectObservable(messages$, '20s !').toBe('15701ms h', { h: 'hello' });
    net.expectConnects(listener).toBe('a 15099ms r 199ms r 399ms a', { a: 'accept', r: 'refuse' });
    const [mute, , , lively] = listener.peers;
    net.expectMessages(mute!, codec).toBe('10s p 4999ms |', { p: 'ping' });
    net.expectMessages(lively!, codec).toBe('20s |');
  });
});
