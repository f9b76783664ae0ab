import { describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { hex, pack } from '../../lib/index.ts';
import { bytesOf } from '../../lib/testing/marble/bytes-of.ts';
import { marbleNet } from '../../lib/testing/marble/marble-net.ts';
import { heartbeatClient, heartbeatServer } from './heartbeat.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

const codec = pack();
const ping = bytesOf(codec, 'ping');
const pong = bytesOf(codec, 'pong');
const hello = bytesOf(codec, 'hello');

describe('the server of the heartbeat protocol', () => {
  const reasons$ = (options: Parameters<typeof heartbeatServer>[0]) =>
    heartbeatServer(options).pipe(map(({ id, reason }) => `${id} ${reason}`));

  it('should answer pings, however they are cut', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const peer = net.peer('--a--b--(pp)-|', { a: ping.subarray(0, 3), b: ping.subarray(3), p: ping });
      helpers.expectObservable(reasons$({ port: 5555, transport: net.transport }), '1m !').toBe('13ms e', {
        e: '1 peer',
      });
      net.expectMessages(peer, codec).toBe('-----p--(pp)-|', { p: 'pong' });
    });
  });

  it('should answer the application', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const answer = (packet: string) => packet.toUpperCase();
      const server$ = reasons$({ port: 5555, transport: net.transport, answer });
      helpers.expectObservable(server$, '1m !').toBe('---e', { e: '1 peer' });
      net.expectMessages(net.peer('-h-|', { h: hello }), codec).toBe('-H-|', { H: 'HELLO' });
    });
  });

  it('should drop a peer that is silent for half a minute, and no other', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      net.peer('10s p', { p: ping });
      net.peer('10s p 20s p 9s |', { p: ping });
      helpers
        .expectObservable(reasons$({ port: 5555, transport: net.transport }), '1m !')
        .toBe('39002ms b 997ms a', { a: '1 timeout', b: '2 peer' });
    });
  });

  it('should drop who speaks another language', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const peer = net.peer('-x', { x: hex('00 00 00 00') });
      helpers
        .expectObservable(reasons$({ port: 5555, transport: net.transport }), '1m !')
        .toBe('-e', { e: '1 protocol' });
      net.expectSent(peer).toBe('-|');
    });
  });
});

describe('the client of the heartbeat protocol', () => {
  it('should ping after ten seconds of silence, and not before', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const values = { h: hello, p: pong };
      const [peer] = net.listener(5555, ['4s h 9999ms -p'], values).peers;
      const messages$ = heartbeatClient(5555, { dial: { transport: net.transport } });
      helpers.expectObservable(messages$, '28s !').toBe('4s h', { h: 'hello' });
      net.expectMessages(peer!, codec).toBe('14s p 9999ms -p 3998ms |', { p: 'ping' });
    });
  });

  it('should give up five seconds after a ping, and come back', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const listener = net.listener(5555, ['-', '-h'], { h: hello });
      const messages$ = heartbeatClient(5555, {
        dial: { transport: net.transport },
        reconnect: { initialDelay: 100, jitter: 0 },
      });
      helpers.expectObservable(messages$, '20s !').toBe('15101ms h', { h: 'hello' });
      net.expectConnects(listener).toBe('a 15099ms a', { a: 'accept' });
      net.expectMessages(listener.peers[0]!, codec).toBe('10s p 4999ms |', { p: 'ping' });
    });
  });

  it('should wait longer and longer for a server that is away', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const { refuse, ignore } = net;
      const listener = net.listener(5555, [refuse, refuse, ignore, '-h'], { h: hello });
      const messages$ = heartbeatClient(5555, {
        dial: { transport: net.transport, timeouts: { connect: 1000 } },
        reconnect: { initialDelay: 100, jitter: 0 },
      });
      helpers.expectObservable(messages$, '5s !').toBe('1701ms h', { h: 'hello' });
      net
        .expectConnects(listener)
        .toBe('r 99ms r 199ms i 1399ms a', { r: 'refuse', i: 'ignore', a: 'accept' });
    });
  });

  it('should come back when the connection is reset', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers);
      const listener = net.listener(5555, ['-h-#', '-h-|', '-h'], { h: hello });
      const messages$ = heartbeatClient(5555, {
        dial: { transport: net.transport },
        reconnect: { initialDelay: 10, jitter: 0 },
      });
      helpers.expectObservable(messages$, '1s !').toBe('-h 12ms h 22ms h', { h: 'hello' });
      net.expectConnects(listener).toBe('a 12ms a 22ms a', { a: 'accept' });
    });
  });
});

describe('both', () => {
  it('should stay together for an hour, and part when the line is cut', () => {
    scheduler().run((helpers) => {
      const net = marbleNet(helpers, { latency: 20 });
      const { transport } = net;
      const server$ = heartbeatServer({ transport, port: 5555 }).pipe(map(({ reason }) => reason));
      const client$ = heartbeatClient(5555, { dial: { transport } });
      helpers.expectObservable(client$, '60m !').toBe('');
      helpers.expectObservable(server$, '61m !').toBe('3600020ms e', { e: 'peer' });
    });
  });
});
