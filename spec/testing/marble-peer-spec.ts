import { describe, expect, it } from '@jest/globals';
import { hex } from '../../lib/index.ts';
import type { MarbleNet } from '../../lib/testing/marble/marble-net.ts';
import { onNet } from './on-net.ts';

const echo = (net: MarbleNet) => {
  const server = net.server();
  server.receive$.subscribe(({ connection, data }) => connection.send(data));
  return server;
};

describe('peers of a server', () => {
  it('should write their diagrams and get answers', () => {
    onNet((net) => {
      const server = echo(net);
      const peer = net.peer('--a-(bc)--|', { a: 'hello', b: hex('00 ff') });
      net.expectSent(peer).toBe('--a-(bc)--|', { a: hex('68 65 6c 6c 6f'), b: '<00 ff>' });
      net.expectEvents(server).toBe('A-r-(bc)--x', {
        A: 'accept 1',
        r: 'receive 1 hello',
        b: 'receive 1 <00 ff>',
        c: 'receive 1 c',
        x: 'close 1 peer',
      });
    });
  });

  it('should connect when they are told to, each with its own diagram', () => {
    onNet((net) => {
      const server = echo(net);
      net.expectSent(net.peer('--a|')).toBe('--a|');
      net.expectSent(net.peer('--b|', {}, { at: 10 })).toBe('12ms b|');
      net.expectClose(server).toBe('---c 9ms d', { c: 'peer', d: 'peer' });
    });
  });

  it('should be refused where nobody listens', () => {
    onNet((net) => {
      net.server();
      net.expectSent(net.peer('a', {}, { to: 1 })).toBe('#');
    });
  });

  it('should come from where they say', () => {
    onNet((net) => {
      const server = net.server({ admit: ({ host }) => host !== '10.0.0.1' });
      net.expectSent(net.peer('-', {}, { from: '10.0.0.1' })).toBe('|');
      net.peer('-', {}, { from: '10.0.0.2', at: 1 });
      net.expectEvents(server, ['accept', 'dropped']).toBe('da', { d: 'dropped refused', a: 'accept 1' });
    });
  });

  it('should be turned away when there are enough', () => {
    onNet((net) => {
      const server = net.server({ maxConnections: 1 });
      net.peer('-');
      net.expectSent(net.peer('-', {}, { at: 5 })).toBe('-----|');
      net.expectEvents(server, ['dropped']).toBe('-----d', { d: 'dropped max-connections' });
    });
  });

  it('should reset, and what was not read is lost', () => {
    onNet((net) => {
      const server = echo(net);
      net.expectSent(net.peer('--a-(b#)')).toBe('--a');
      net.expectEvents(server).toBe('A-r-x', { A: 'accept 1', r: 'receive 1 a', x: 'close 1 reset' });
    });
  });

  it('should reset behind FIN', () => {
    onNet((net) => {
      const server = net.server({ halfOpen: true });
      server.receive$.subscribe();
      net.peer('--|--#');
      net.expectClose(server).toBe('-----c', { c: 'reset' });
    });
  });

  it('should have their FIN and bytes wait while nobody reads', () => {
    onNet((net) => {
      const server = net.server();
      net.peer('a-|');
      net.expectClose(server).toBe('-----c', { c: 'peer' });
      net.at('-----r', { r: () => server.receive$.subscribe() });
      net.expectEvents(server, ['accept']).toBe('A', { A: 'accept 1' });
    });
  });

  it('should have their bytes wait at home when the window is full', () => {
    onNet(
      (net) => {
        const connection = net.connection('a|', { a: 'abcdefg' });
        const hold = connection.flow.hold();
        net.expectReceive(connection).toBe('-----(abc|)', { a: 'abc', b: 'def', c: 'g' });
        net.at('-----r', { r: () => hold.release() });
      },
      { window: 3 },
    );
  });

  it('should see RST when they write to a connection that has closed', () => {
    onNet((net) => {
      const server = echo(net);
      net.at('--x', { x: () => server.disconnectLong(0, true) });
      net.expectSent(net.peer('----a-b', {}, { reads: 'p 8ms r' })).toBe('----#');
      net.expectClose(server).toBe('--c', { c: 'forced' });
    });
  });

  it('should answer FIN as they are told', () => {
    const ends = (marbles: string, answersFin?: boolean) => {
      const seen: string[] = [];
      onNet((net) => {
        const connection = net.connection(marbles, {}, answersFin === undefined ? {} : { answersFin });
        connection.receive$.subscribe();
        net.at('--x', { x: () => connection.disconnect() });
        connection.close$.subscribe(({ reason, age }) => seen.push(`${reason} ${age}`));
      });
      return seen;
    };
    expect(ends('---')).toEqual(['local 2']);
    expect(ends('------|')).toEqual(['local 6']);
    expect(ends('---', false)).toEqual(['local 1002']);
    expect(ends('------|', true)).toEqual(['local 2']);
  });
});

describe('half-open connections', () => {
  it('should go on answering a peer that has ended its side', () => {
    onNet((net) => {
      const server = net.server({ halfOpen: true });
      server.receive$.subscribe();
      net.at('--------s--e', {
        s: () => server.connections.get(1)?.send('more'),
        e: () => server.connections.get(1)?.end(),
      });
      net.expectSent(net.peer('--a|')).toBe('--------s--|', { s: 'more' });
      net.expectClose(server).toBe('-----------c', { c: 'peer' });
    });
  });

  it('should hear a peer after our own FIN', () => {
    onNet((net) => {
      const connection = net.connection('--a--b|');
      net.at('-e', { e: () => connection.end() });
      net.expectSent(connection).toBe('-|');
      net.expectReceive(connection).toBe('--a--b|');
      net.expectClose(connection).toBe('------c', { c: 'local' });
    });
  });
});
