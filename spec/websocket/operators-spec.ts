import { describe, expect, it } from '@jest/globals';
import { Observable, filter, of, take } from 'rxjs';
import { hex } from '../../lib/bytes/bytes-like.ts';
import { currentGate } from '../../lib/flow/emission.ts';
import { encode } from '../../lib/framing/encode.ts';
import { wsCodec } from '../../lib/websocket/codec.ts';
import type { WsFrameEvent, WsFrameHeader } from '../../lib/websocket/frame-event.ts';
import { type WsEvent, WsMessage } from '../../lib/websocket/message.ts';
import { joinFrames } from '../../lib/websocket/operators/join-frames.ts';
import { wsFrames } from '../../lib/websocket/operators/ws-frames.ts';
import { wsMessages } from '../../lib/websocket/operators/ws-messages.ts';
import { WsError } from '../../lib/websocket/ws-error.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { marbles, underGate } from '../support/under-gate.ts';
import { masked, plain } from './wire.ts';

/** Chunks that are unmasked in place can be used once. */
const CHUNKS = () => ({
  a: masked(0x81, 'a'),
  b: masked(0x81, 'b'),
  m: Buffer.concat([masked(0x81, 'a'), masked(0x81, 'b')]),
  h: masked(0x81, 'xyz').subarray(0, 7),
  i: masked(0x81, 'xyz').subarray(7),
  f: masked(0x01, 'x'),
  g: masked(0x80, 'yz'),
  p: masked(0x89, 'p'),
  c: masked(0x88, hex('03 e8')),
  e: Buffer.concat([masked(0x81, 'a'), masked(0x83)]),
});

const text = (content: string) => new WsMessage('text', Buffer.from(content));
const EVENTS: Record<string, WsEvent> = {
  a: text('a'),
  b: text('b'),
  x: text('xyz'),
  p: { type: 'ping', data: Buffer.from('p') },
  c: { type: 'close', code: 1000, reason: '' },
};

const CASES: [string, string, string, WsError | undefined][] = [
  ['emit the messages of each chunk', '-m----a-|', '-(ab)-a-|', undefined],
  ['join a frame that was cut', '-h--i-|', '----x-|', undefined],
  ['join fragments around a ping', '-f-p-g-|', '---p-x-|', undefined],
  ['pass over what is behind a close frame', '-a-c-a-b-|', '-a-c-----|', undefined],
  ['complete with the source', '--|', '--|', undefined],
  ['error after the messages in front of the fault', '--e-a', '--(a#)', new WsError('opcode', '3')],
];

describe.each([
  ['wsMessages', () => wsMessages('server')],
  [
    'wsFrames and joinFrames',
    () => (source: Observable<Uint8Array>) => source.pipe(wsFrames('server'), joinFrames('server')),
  ],
])('%s', (_, operator) => {
  it.each(CASES)('should %s', (_name, source, expected, error) => {
    marbles().run(({ hot, expectObservable }) => {
      expectObservable(hot(source, CHUNKS()).pipe(operator())).toBe(expected, EVENTS, error);
    });
  });

  it.each(['-h-|', '-f-|'])('should error when the stream ends within a message: %s', (source) => {
    marbles().run(({ hot, expectObservable }) => {
      const code = hot(source, CHUNKS()).pipe(operator(), codeOfError());
      expectObservable(code).toBe('---(t|)', { t: 'ERR_WS_TRUNCATED' });
    });
  });

  it('should error with the source, and unsubscribe from it early', () => {
    marbles().run(({ hot, expectObservable, expectSubscriptions }) => {
      const failing = hot('-h-#', CHUNKS());
      expectObservable(failing.pipe(operator())).toBe('---#');
      const endless = hot('-m-m', CHUNKS());
      expectObservable(endless.pipe(operator(), take(1))).toBe('-(a|)', EVENTS);
      expectSubscriptions(endless.subscriptions).toBe('^!');
    });
  });

  it('should begin anew with each subscription', () => {
    const applied = operator();
    const seen: unknown[] = [];
    for (const chunk of [masked(0x01, 'x'), masked(0x81, 'a')])
      of(chunk)
        .pipe(applied)
        .subscribe({
          next: (event) => seen.push(event),
          error: (error: unknown) => seen.push((error as WsError).code),
        });
    expect(seen).toEqual(['ERR_WS_TRUNCATED', text('a')]);
  });

  it('should keep the gate that delivered the chunk', () => {
    const { gate } = recordedGate();
    const seen: unknown[] = [];
    of(masked(0x81, 'a'), masked(0x89))
      .pipe(underGate(gate), operator())
      .subscribe(({ type }) => seen.push([type, currentGate() === gate]));
    expect(seen).toEqual([
      ['text', true],
      ['ping', true],
    ]);
  });
});

function codeOfError() {
  return (source: Observable<unknown>) =>
    new Observable<string>((subscriber) =>
      source.subscribe({
        error: (error: unknown) => {
          subscriber.next((error as WsError).code);
          subscriber.complete();
        },
        complete: () => subscriber.complete(),
      }),
    );
}

describe('wsFrames', () => {
  it('should emit the events of each frame', () => {
    marbles().run(({ hot, expectObservable }) => {
      const mask = new Uint8Array(hex('11 22 33 44'));
      const values: Record<string, WsFrameEvent> = {
        h: { type: 'header', fin: true, rsv: 0, opcode: 1, mask, length: 3 },
        x: { type: 'body', data: Buffer.from('x') },
        y: { type: 'body', data: Buffer.from('yz') },
        e: { type: 'complete' },
      };
      expectObservable(hot('-h---i----|', CHUNKS()).pipe(wsFrames('server'))).toBe('-(hx)(ye)-|', values);
    });
  });

  it('should refuse options at once', () => {
    expect(() => wsFrames('server', { rsv: 8 })).toThrow(expect.objectContaining({ option: 'rsv' }));
    expect(() => wsMessages('server', { maxMessageSize: -1 })).toThrow(
      expect.objectContaining({ option: 'maxMessageSize' }),
    );
    expect(() => joinFrames('server', { maxMessageSize: -1 })).toThrow(
      expect.objectContaining({ option: 'maxMessageSize' }),
    );
  });
});

describe('joinFrames', () => {
  const header = (opcode: number, more: Partial<WsFrameHeader> = {}): WsFrameEvent => ({
    ...{ type: 'header', fin: true, rsv: 0, opcode, mask: undefined, length: 0 },
    ...more,
  });
  const body: WsFrameEvent = { type: 'body', data: hex('61 62') };

  it.each<[string, WsFrameEvent[]]>([
    ['opcode', [header(3)]],
    ['opcode', [header(11)]],
    ['continuation', [header(0)]],
    ['reserved-bits', [header(1, { rsv: 4 })]],
    ['control-length', [header(9, { length: 126 })]],
    ['masked', [header(1, { mask: hex('00000000') })]],
    ['message-length', [header(1, { length: 1_048_577 })]],
    ['interleaved', [header(1, { fin: false }), { type: 'complete' }, header(1)]],
    ['continuation', [body]],
    ['frame-length', [header(1, { length: 1 }), body]],
    ['frame-length', [header(9, { length: 1 }), body]],
    ['truncated', [header(1, { length: 3 }), body, { type: 'complete' }]],
  ])('should check frames that others made: %s', (reason, events) => {
    let seen: unknown;
    of(...events)
      .pipe(joinFrames('client'))
      .subscribe({ error: (error: unknown) => (seen = error) });
    expect(seen).toMatchObject({ reason });
  });
});

describe('an echo of operators', () => {
  it('should answer messages with themselves, those of one chunk together', () => {
    const { gate } = recordedGate();
    const sent: string[] = [];
    of(Buffer.concat([masked(0x81, 'a'), masked(0x82, 'b'), masked(0x89)]), masked(0x81, 'c'))
      .pipe(
        underGate(gate),
        wsMessages('server'),
        filter((event) => event instanceof WsMessage),
        encode(wsCodec('server')),
      )
      .subscribe((chunk) => sent.push(Buffer.from(chunk).toString('hex')));
    expect(sent).toEqual([
      Buffer.concat([plain(0x81, 'a'), plain(0x82, 'b')]).toString('hex'),
      plain(0x81, 'c').toString('hex'),
    ]);
  });
});
