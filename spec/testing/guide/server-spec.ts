import { expect, it } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { lines } from '../../../lib/index.ts';
import { marbleNet } from '../../../lib/testing/marble/marble-net.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

it('should answer each line, and close when the peer falls silent', () => {
  scheduler().run((helpers) => {
    const net = marbleNet(helpers);
    const server = net.server({ codec: lines(), timeouts: { readIdle: 50 } });
    server.receive$.subscribe(({ connection, data }) => connection.send(data.toUpperCase()));

    const peer = net.peer(' -a--b', { a: 'hel', b: 'lo\n' });
    net.expectSent(peer).toBe('----x 49ms |', { x: 'HELLO\n' });
    net
      .expectEvents(server)
      .toBe('a---x 49ms c', { a: 'accept 1', x: 'receive 1 hello', c: 'close 1 timeout' });
  });
});

it('should stop when everything was sent, or at the deadline', () => {
  scheduler().run((helpers) => {
    const net = marbleNet(helpers);
    const server = net.server();
    server.receive$.subscribe(({ connection }) => connection.send('a long answer'));

    const quick = net.peer('-?');
    const slow = net.peer(' -?', {}, { window: 4, reads: 'p' }); // takes four bytes and then no more
    net.at('---x', { x: () => server.stop({ deadline: 100 }) });
    net.expectSent(quick).toBe('-a-|', { a: 'a long answer' });
    net.expectSent(slow).toBe('103ms #');
    net.expectEvents(server, ['close', 'shutdown']).toBe('---a 99ms (bs)', {
      a: 'close 1 stop',
      b: 'close 2 stop',
      s: 'shutdown closed 1 forced 1 dropped 9',
    });
  });
});
