import { expect, it } from '@jest/globals';
import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { pack } from '../../../lib/index.ts';
import { bytesOf } from '../../../lib/testing/marble/bytes-of.ts';
import { marbleNet } from '../../../lib/testing/marble/marble-net.ts';
import { heartbeatServer } from '../heartbeat.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
const codec = pack();
const ping = bytesOf(codec, 'ping');

it('should answer pings, and drop a peer that is silent for half a minute', () => {
  scheduler().run((helpers) => {
    const net = marbleNet(helpers);
    const server$ = heartbeatServer({ port: 5555, transport: net.transport });
    const ends$ = server$.pipe(map(({ id, reason }) => `${id} ${reason}`));

    const lively = net.peer('10s p 20s p 9s |', { p: ping });
    const silent = net.peer('10s a---b', { a: ping.subarray(0, 3), b: ping.subarray(3) }); // cut in the header
    net.expectMessages(lively, codec).toBe('10s p 20s p 9s |', { p: 'pong' });
    net.expectMessages(silent, codec).toBe('10004ms p 29999ms |', { p: 'pong' });
    helpers.expectObservable(ends$, '1m !').toBe('39002ms a 1001ms b', { a: '1 peer', b: '2 timeout' });
  });
});
