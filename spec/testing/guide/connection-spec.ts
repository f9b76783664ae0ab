import { expect, it } from '@jest/globals';
import { delay, map, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { flowMap, hex, pack, toText } from '../../../lib/index.ts';
import { marbleNet } from '../../../lib/testing/marble/marble-net.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

it('should receive a packet when its last byte arrives', () => {
  scheduler().run((helpers) => {
    const net = marbleNet(helpers);
    const values = { a: hex('05 00'), b: hex('00 00 68 65'), c: hex('6c 6c 6f') };
    const connection = net.connection('-a--b--c--|', values, { codec: pack() });
    net.expectReceive(connection).toBe('  -------p--|', { p: 'hello' });
  });
});

it('should not read faster than it stores', () => {
  scheduler().run((helpers) => {
    const net = marbleNet(helpers);
    const connection = net.connection('a-b-c-|', {}, { flow: { maxItems: 2, resumeItems: 1 } });
    const stored$ = connection.receive$.pipe(
      map(toText),
      flowMap((text) => of(text).pipe(delay(10))),
    );
    net.expectReceive(stored$).toBe('10ms a 9ms b 9ms (c|)');
    net.expectFlow(connection).toBe('--p 7ms (rp) 6ms r 9ms |');
  });
});
