import { describe, expect, it } from '@jest/globals';
import { NEVER, tap, timer } from 'rxjs';
import { handleEach } from '../../lib/index.ts';
import { onNet } from './on-net.ts';

describe('timeouts', () => {
  it('should close a connection whose first byte does not come', () => {
    onNet((net) => {
      const server = net.server({ timeouts: { firstByte: 20 } });
      server.receive$.subscribe();
      net.expectSent(net.peer('-')).toBe('20ms |');
      net.expectClose(server).toBe('20ms t', { t: 'timeout' });
    });
  });

  it('should let what comes in the very frame count', () => {
    onNet((net) => {
      const server = net.server({ timeouts: { firstByte: 20, readIdle: 50 } });
      server.receive$.subscribe();
      net.peer('20ms a 49ms b');
      net.expectClose(server).toBe('120ms t', { t: 'timeout' });
    });
  });

  it('should be written as in the guide', () => {
    onNet((net) => {
      const server = net.server({ timeouts: { readIdle: 50 } });
      server.receive$.subscribe(({ connection, data }) => connection.send(data));
      const peer = net.peer('--a--b');
      net.expectSent(peer).toBe('--a--b 49ms |');
      net.expectClose(server).toBe('55ms c', { c: 'timeout' });
    });
  });

  it('should give up connecting when nobody answers', () => {
    onNet((net) => {
      const client = net.client({ timeouts: { connect: 30 } });
      net.expectConnects(net.listener(5555, [net.ignore])).toBe('i', { i: 'ignore' });
      net.expectEvents(client).toBe('30ms c', { c: 'close 1 connect' });
    });
  });

  it('should notice a peer that takes nothing', () => {
    onNet((net) => {
      const connection = net.connection(
        '-',
        {},
        { timeouts: { writeStall: 30 }, window: 4, reads: '--p----r-----p' },
      );
      connection.receive$.subscribe();
      net.at('---s 10ms s', { s: () => connection.send('abcdef') });
      net.expectSent(connection).toBe('-------(ab) 33ms #', { a: 'abcd', b: 'ef' });
      net.expectReceive(connection.pending$).toBe('0--(62)0------(62) 26ms |');
      net.expectClose(connection).toBe('44ms t', { t: 'timeout' });
    });
  });

  it('should end a drain whose time is over, and linger for a peer that says nothing', () => {
    onNet((net) => {
      const slow = net.connection('-', {}, { timeouts: { drain: 40 }, window: 4, reads: 'p' });
      net.at('-(sx)', { s: () => slow.send('abcdef'), x: () => slow.disconnect() });
      net.expectClose(slow).toBe('41ms t', { t: 'timeout' });
      const mute = net.connection('-', {}, { timeouts: { linger: 40 }, answersFin: false });
      net.at('-(sx)', { s: () => mute.send('abcdef'), x: () => mute.disconnect() });
      net.expectSent(mute).toBe('-(a|)', { a: 'abcdef' });
      net.expectClose(mute).toBe('41ms l', { l: 'local' });
    });
  });
});

describe('stopping', () => {
  it('should let a handler finish, and deliver what was sent', () => {
    const end = onNet((net) => {
      const server = net.server();
      const peer = net.peer('-a');
      server.receive$.subscribe(({ connection }) => connection.send('kept'));
      server.accept$
        .pipe(handleEach((connection) => timer(40).pipe(tap(() => connection.send('bye')))))
        .subscribe();
      net.at('10ms x', { x: () => server.stop() });
      net.expectSent(peer).toBe('-a 38ms (b|)', { a: 'kept', b: 'bye' });
      net.expectEvents(server, ['close', 'shutdown']).toBe('40ms (cs)', {
        c: 'close 1 local',
        s: 'shutdown closed 1 forced 0 dropped 0',
      });
    });
    expect(end).toBe(40);
  });

  it('should cut off at the deadline, and count what is lost', () => {
    onNet((net) => {
      const server = net.server();
      const deaf = net.peer('-', {}, { window: 2, reads: 'p' });
      server.accept$.pipe(handleEach((connection) => (connection.send('12345'), NEVER))).subscribe();
      net.at('10ms x', { x: () => server.stop({ deadline: 50 }) });
      net.expectSent(deaf).toBe('60ms #');
      net.expectEvents(server, ['close', 'shutdown']).toBe('60ms (cs)', {
        c: 'close 1 stop',
        s: 'shutdown closed 0 forced 1 dropped 3',
      });
    });
  });

  it('should refuse whoever comes later', () => {
    onNet((net) => {
      const server = net.server();
      net.at('-x', { x: () => server.stop() });
      net.expectSent(net.peer('-', {}, { at: 3 })).toBe('---#');
    });
  });
});
