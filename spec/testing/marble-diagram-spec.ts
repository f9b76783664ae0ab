import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NEVER, asapScheduler, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { hex, pack, utf8 } from '../../lib/index.ts';
import { bytesOf } from '../../lib/testing/marble/bytes-of.ts';
import { MarbleError } from '../../lib/testing/marble/marble-error.ts';
import { type MarbleNet, marbleNet } from '../../lib/testing/marble/marble-net.ts';
import { readMarbles } from '../../lib/testing/marble/marbles.ts';
import { readable } from '../../lib/testing/marble/readable.ts';
import { onNet } from './on-net.ts';

describe('diagrams', () => {
  it('should be read as RxJS reads them', () => {
    const parts = fc.constantFrom(
      '-',
      '--',
      'a',
      'b',
      '|',
      '(ab)',
      '(a|)',
      ' 9ms ',
      ' 1.5s ',
      ' 2m ',
      ' ',
      '#',
    );
    const scheduler = new TestScheduler(() => true);
    scheduler.run(({ cold }) => {
      fc.assert(
        fc.property(fc.array(parts, { maxLength: 12 }), (pieces) => {
          const marbles = pieces.join('');
          const ours = readMarbles('test', marbles).map(({ frame, symbol }) => `${frame} ${symbol}`);
          const theirs = cold(marbles).messages.map(({ frame, notification }) => {
            const { kind } = notification;
            return `${frame} ${kind === 'C' ? '|' : kind === 'E' ? '#' : String(notification.value)}`;
          });
          expect(ours).toEqual(theirs);
        }),
      );
    });
  });

  const mistakes: [string, (net: MarbleNet) => unknown, string, number][] = [
    [
      'an action that there is not',
      (net) => net.at('--x', { y: () => 0 }),
      'at: there is no x here, only y',
      2,
    ],
    [
      'a symbol that means nothing',
      (net) => net.peer('-', {}, { reads: 'p-x' }),
      'reads of peer: there is no x here, only p (pause), r (resume)',
      2,
    ],
    ['bytes after FIN', (net) => net.peer('a|-b'), 'peer: nothing can be written after FIN (|)', 3],
    [
      'anything after RST',
      (net) => net.connection('a#|'),
      'connection: nothing can be written after RST (#)',
      2,
    ],
    [
      'a value that cannot be sent',
      (net) => net.listener(1, ['-', 'a'], { a: 5 as never }),
      'listener, connection 1: the value of a is neither bytes nor text',
      0,
    ],
    ['a group that is open', (net) => net.peer('--(ab'), 'peer: this group is not closed', 2],
    ['a group that was not opened', (net) => net.peer('ab)'), 'peer: this group was not opened', 2],
    ['a group in a group', (net) => net.peer('(a(b))'), 'peer: a group inside a group', 2],
    ['^', (net) => net.peer('-^-a'), 'peer: ^ has no meaning here: a diagram begins at frame 0', 1],
    ['a time at the end', (net) => net.peer('a 9ms'), 'peer: a time needs a space behind it', 2],
    ['a time that touches', (net) => net.peer('a9ms b'), 'peer: a time needs a space in front of it', 1],
    [
      'a long name',
      (net) => net.peer('a', { ab: 'x' }),
      "peer: the value 'ab' is never used: a symbol is one character",
      0,
    ],
    [
      'a name that means something',
      (net) => net.peer('a', { '-': 'x' }),
      "peer: the value '-' is never used: it has a meaning in diagrams",
      0,
    ],
    ['no text', (net) => net.peer(5 as never), 'peer: a diagram must be a text', 0],
    [
      'a flow that there is not',
      (net) => net.expectFlow(net.connection('-')).toBe('x'),
      'expectFlow: there is no x here, only p (reading pauses), r (it goes on), | (the end of the connection)',
      0,
    ],
  ];
  it.each(mistakes)('should not have %s', (_name, make, message, position) => {
    onNet((net) => {
      let error: unknown;
      try {
        make(net);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(MarbleError);
      const { message: text, marbles, position: at } = error as MarbleError;
      expect(text).toBe(`${message}\n  ${marbles}\n  ${' '.repeat(position)}^`);
      expect(at).toBe(position);
    });
  });

  it('should have any symbols, digits and emoji too', () => {
    onNet((net) => {
      const values = { 1: 'one', '🙂': 'smile' };
      net.expectReceive(net.connection('1-🙂-2-x|', values)).toBe('1-🙂-2-x|', values);
    });
  });
});

describe('options', () => {
  it.each([
    [
      (net: MarbleNet) => net.peer('-', {}, { window: 0 }),
      'window must be an integer from 1 to 1073741824, got 0',
    ],
    [(net: MarbleNet) => net.peer('-', {}, { to: -1 }), 'to must be a port from 0 to 65535, got -1'],
    [(net: MarbleNet) => net.peer('-', {}, { from: 'x' }), 'from must be an IP address, got "x"'],
    [(net: MarbleNet) => net.connection('-', {}, { porridge: 1 } as never), 'porridge must be left out'],
    [(net: MarbleNet) => net.expectEvents(net.agent(), ['x' as never]), 'names must be of prepareListen'],
    [(net: MarbleNet) => net.expectSent({} as never), 'peer must be a peer or connection made by this net'],
  ])('should be refused if they are illegal: %s', (make, message) => {
    onNet((net) => expect(() => make(net)).toThrow(message));
  });

  it('should want the helpers of a running test', () => {
    const message = 'helpers must be those of TestScheduler.run, while it runs, got an object';
    expect(() => marbleNet({ cold: () => NEVER, expectObservable: () => ({ toBe: () => 0 }) })).toThrow(
      message,
    );
    expect(() => onNet(() => 0, { latency: -1 })).toThrow('latency must be');
  });

  it('should not let two listen at one place', () => {
    onNet((net) => {
      net.listener(1, []);
      expect(() => net.listener(1, [])).toThrow('there is a listener at 127.0.0.1:1 already');
    });
    expect(() =>
      onNet((net) => {
        net.listener(5555, []);
        net.server();
      }),
    ).toThrow('0.0.0.0:5555 is in use');
  });
});

describe('a test', () => {
  it('should show readable values when it fails', () => {
    const fails = (test: (net: MarbleNet) => void) => {
      const seen: unknown[] = [];
      new TestScheduler((actual, expected) => {
        seen.push(actual, expected);
      }).run((helpers) => test(marbleNet(helpers)));
      return seen.map((messages) =>
        (messages as { frame: number; notification: { kind: string; value?: string; error?: string } }[]).map(
          ({ frame, notification: { kind, value, error } }) => `${frame} ${value ?? error ?? kind}`,
        ),
      );
    };
    expect(
      fails((net) => {
        const connection = net.connection('ab#', { b: hex('00 01') });
        net.at('-x', { x: () => connection.send('hello') });
        net.expectReceive(connection).toBe('a|', { a: utf8('x') });
        net.expectSent(connection).toBe('#');
      }),
    ).toEqual([['0 a', '1 <00 01>', '2 ECONNRESET'], ['0 x', '1 C'], ['1 hello'], ['0 RST']]);
  });

  it('should fail when it would go on for ever, and harm no other', () => {
    const forever = (net: MarbleNet) => {
      const ping = net.connection('-');
      timer(0, 1000).subscribe(() => ping.send('ping'));
    };
    expect(() => onNet(forever, { maxEvents: 100 })).toThrow(
      /marbleNet: 100 events by frame \d+ \(option maxEvents\), and no end in sight/,
    );
    const end = onNet((net) => {
      net.expectReceive(net.connection('a|')).toBe('a|');
      asapScheduler.schedule(() => undefined);
    });
    expect(end).toBeLessThan(20);
  });

  it('should fail with what an action throws', () => {
    const boom = () => {
      throw new Error('boom');
    };
    expect(() => onNet((net) => net.at('--x', { x: boom }))).toThrow('boom');
  });
});

describe('readable', () => {
  it.each([
    ['text', 'text'],
    [utf8('grün\n'), 'grün\n'],
    [hex('02 00 c0 5f 68 69'), '<02 00 c0 5f 68 69>'],
    [hex('ff'), '<ff>'],
    [hex(''), '<>'],
    [hex('61 62').buffer.slice(0, 0), '<>'],
    [5, '5'],
    [{ b: 1, a: [utf8('x')] }, "{ a: [ 'x' ], b: 1 }"],
  ])('should show %p as %p', (value, text) => {
    expect(readable(value)).toBe(text);
  });

  it('should shorten what is long, and tell it apart', () => {
    const long = readable(new Uint8Array(1000));
    expect(long.length).toBeLessThan(160);
    expect(readable(new Uint8Array(1000).fill(1, 999))).not.toBe(long);
    expect(readable('x'.repeat(200))).toBe('x'.repeat(200));
  });
});

describe('bytesOf', () => {
  it('should encode messages behind one another', () => {
    expect(bytesOf(pack({ flag: 1 }), 'a', 'bc')).toEqual(hex('01 00 40 00 61 02 00 40 00 62 63'));
    expect(() => bytesOf(pack(), '')).toThrow('ERR_FRAME_LENGTH');
  });
});
