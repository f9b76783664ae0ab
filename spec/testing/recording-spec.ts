import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CLOSE_REASONS } from '../../lib/connection/closed.ts';
import { RecordingError } from '../../lib/testing/recording-error.ts';
import {
  type RecordedEvent,
  type Recording,
  formatRecording,
  parseRecording,
} from '../../lib/testing/recording.ts';

const HEADER = '{"format":"hpsocket-rx-recording","version":1}';
const NEWER = '{"format":"hpsocket-rx-recording","version":1.2,"colour":"red"}';

const read = (...lines: string[]) => parseRecording(lines.join('\n'));

const chunks: fc.Arbitrary<RecordedEvent[]> = fc.array(
  fc.record({
    type: fc.constantFrom('in' as const, 'out' as const),
    t: fc.double({ min: 0, max: 1e9, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
);

const close: fc.Arbitrary<RecordedEvent> = fc.record({
  type: fc.constant('close' as const),
  t: fc.constant(1e9),
  reason: fc.constantFrom(...CLOSE_REASONS),
  code: fc.option(fc.string(), { nil: undefined }),
});

const recordings = fc.tuple(chunks, fc.array(close, { maxLength: 1 })).map(([events, end]): Recording => ({
  version: 1,
  at: '2026-03-01T10:00:00.000Z',
  local: { family: 'IPv6', host: '::1', port: 5555 },
  remote: { family: 'unix', path: '/tmp/ü' },
  events: [...events.sort((a, b) => a.t - b.t), ...end],
}));

describe('a recording as text', () => {
  it('should be the same recording when it is read', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        expect(parseRecording(formatRecording(recording))).toEqual(recording);
      }),
    );
  });

  it('should look as documented', () => {
    const lines = [
      '{"format":"hpsocket-rx-recording","version":1,"local":{"family":"IPv4","host":"127.0.0.1","port":5555},"remote":{"family":"IPv4","host":"127.0.0.1","port":50000},"at":"2026-03-01T10:00:00.000Z"}',
      '{"t":12.5,"in":"aGVsbG8="}',
      '{"t":13,"out":"aGVsbG8="}',
      '{"t":20,"end":"in"}',
      '{"t":20,"end":"out"}',
      '{"t":21,"close":{"reason":"reset","code":"ECONNRESET"}}',
      '',
    ];
    const recording = read(...lines);
    expect(recording.events.map(({ type, t }) => `${type} ${t}`)).toEqual([
      'in 12.5',
      'out 13',
      'end 20',
      'end 20',
      'close 21',
    ]);
    expect(formatRecording(recording)).toBe(lines.join('\n'));
  });

  it('should need no more than format and version, and may have Windows line ends', () => {
    expect(parseRecording(HEADER)).toEqual({
      version: 1,
      local: undefined,
      remote: undefined,
      at: undefined,
      events: [],
    });
    expect(parseRecording(`${HEADER}\r\n{"t":0,"in":"YQ=="}\r\n`).events).toHaveLength(1);
  });

  it('should be read by what this version knows of a newer one', () => {
    const { version, events } = read(
      NEWER,
      '{"t":1,"in":"YQ==","interface":"eth0"}',
      '{"t":1,"mark":{"text":"here"}}',
      '{"t":2,"close":{"reason":"peer","mood":"good"}}',
    );
    expect(version).toBe(1.2);
    expect(events.map(({ type }) => type)).toEqual(['in', 'close']);
  });

  it.each([
    ['', 1, 'not JSON'],
    ['[]', 1, 'the line must be an object, got []'],
    ['{}', 1, 'format must be "hpsocket-rx-recording", got nothing'],
    ['{"format":"hpsocket-rx-recording"}', 1, 'version must be 1, got nothing'],
    ['{"format":"hpsocket-rx-recording","version":2}', 1, 'version must be 1, got 2'],
    ['{"format":"hpsocket-rx-recording","version":0.9}', 1, 'version must be 1, got 0.9'],
    ['{"format":"hpsocket-rx-recording","version":"1"}', 1, 'version must be 1, got "1"'],
    ['{"format":"hpsocket-rx-recording","version":1,"at":"soon"}', 1, 'at must be a time'],
    ['{"format":"hpsocket-rx-recording","version":1,"local":{"host":"::"}}', 1, 'local must be an address'],
    ['{"format":"hpsocket-rx-recording","version":1,"colour":1}', 1, 'the unknown field "colour"'],
    [`${HEADER}\n\n{"t":1,"end":"in"}`, 2, 'not JSON: ""'],
    [`${HEADER}\n{"t":1,"in":"YQ==`, 2, 'not JSON'],
    [`${HEADER}\n{"t":1}`, 2, 'must have one of in, out, end, close, stopped'],
    [`${HEADER}\n{"t":1,"in":"YQ==","out":"YQ=="}`, 2, 'has both in and out'],
    [`${HEADER}\n{"t":1,"in":"YQ==","x":1}`, 2, 'the unknown field "x"'],
    [`${HEADER}\n{"in":"YQ=="}`, 2, 't must be a number from 0, got nothing'],
    [`${HEADER}\n{"t":-1,"in":"YQ=="}`, 2, 't must be a number from 0, got -1'],
    [`${HEADER}\n{"t":1e999,"in":"YQ=="}`, 2, 't must be a number from 0'],
    [`${HEADER}\n{"t":1,"in":"YQ"}`, 2, 'in must be bytes in base64, at least one, got "YQ"'],
    [`${HEADER}\n{"t":1,"in":""}`, 2, 'in must be bytes'],
    [`${HEADER}\n{"t":1,"out":5}`, 2, 'out must be bytes'],
    [`${HEADER}\n{"t":1,"end":"both"}`, 2, 'end must be one of in, out, got "both"'],
    [`${HEADER}\n{"t":1,"close":"peer"}`, 2, 'close must be an object'],
    [`${HEADER}\n{"t":1,"close":{"reason":"bored"}}`, 2, 'reason must be one of'],
    [`${HEADER}\n{"t":1,"close":{"reason":"peer","code":1}}`, 2, 'code must be a text'],
    [`${HEADER}\n{"t":2,"end":"out"}\n{"t":1,"end":"in"}`, 3, 't is 1, which is before 2'],
    [`${HEADER}\n{"t":1,"end":"in"}\n{"t":1,"in":"YQ=="}`, 3, "in after the peer's end"],
    [`${HEADER}\n{"t":1,"end":"in"}\n{"t":1,"end":"in"}`, 3, 'a second end'],
    [`${HEADER}\n{"t":1,"close":{"reason":"peer"}}\n{"t":1,"in":"YQ=="}`, 3, 'in after close'],
    [`${HEADER}\n{"t":1,"stopped":"request"}\n{"t":1,"end":"in"}`, 3, 'end after stopped'],
  ])('should be refused: %s', (text, line, message) => {
    let error: unknown;
    try {
      parseRecording(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(RecordingError);
    expect(error).toMatchObject({ name: 'RecordingError', line });
    expect((error as Error).message).toContain(`line ${line}: `);
    expect((error as Error).message).toContain(message);
  });
});
