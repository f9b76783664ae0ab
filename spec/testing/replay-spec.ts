import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Observable, catchError, map, mergeMap, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type NetworkError, OptionError, ProtocolError } from '../../lib/base/errors.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec } from '../../lib/codec/codec.ts';
import { lines } from '../../lib/codec/lines.ts';
import { pack } from '../../lib/codec/pack.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { listen } from '../../lib/component/listen.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { connectionPair } from '../../lib/testing/connection-pair.ts';
import { record } from '../../lib/testing/record.ts';
import { RecordingError } from '../../lib/testing/recording-error.ts';
import { type RecordedEvent, type Recording, formatRecording } from '../../lib/testing/recording.ts';
import { type Replay, type ReplayOptions, replay } from '../../lib/testing/replay.ts';
import { type Spy, spy } from '../../lib/testing/spy.ts';
import { afterTest } from '../support/cleanup.ts';
import { inVirtualTime } from '../support/virtual-network.ts';

/** Texts received (`<`) and sent (`>`) at their times. */
function session(...said: [t: number, text: string][]): Recording {
  const events = said.map(([t, text]): RecordedEvent => {
    if (text === '|') return { type: 'end', t, direction: 'in' };
    if (text === 'stopped') return { type: 'stopped', t, by: 'request' };
    if (text.startsWith('#')) return { type: 'close', t, reason: 'reset', code: text.slice(1) };
    return { type: text.startsWith('<') ? 'in' : 'out', t, bytes: new Uint8Array(utf8(text.slice(1))) };
  });
  return { version: 1, at: undefined, local: undefined, remote: undefined, events };
}

type Helpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

const virtually = (test: (helpers: Helpers) => void) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

const texts = (source: Observable<Uint8Array>) => source.pipe(map(toText));

const ECHO = session([0, '<a\nb'], [1, '>a\n'], [10, '<c\n'], [11, '>bc\n'], [20, '|']);

/** When each byte came. */
const byteTimes = ({ chunks, times }: { chunks: readonly string[]; times: readonly number[] }) =>
  chunks.flatMap((chunk, index) => Array.from(chunk, () => times[index] ?? NaN));

/** What a replay has received after all: its chunks with their times, and how it ended. */
function received(recording: Recording, options: ReplayOptions = {}) {
  const scheduler = new TestScheduler(() => undefined);
  return scheduler.run(({ flush }) => {
    const { connection } = replay(recording, options);
    const heard = spy(connection.receive$);
    flush();
    const { text, times, values, completed, error } = heard;
    return { text, times, chunks: values.map(toText), completed, error };
  });
}

describe('replay', () => {
  it('should play what was received at its times', () => {
    virtually(({ expectObservable }) => {
      const { incoming$ } = replay(session([0, '<a'], [10, '<b'], [12.5, '<c'], [20, '|']));
      expectObservable(texts(incoming$)).toBe('a 9ms b 1.5ms c 6.5ms |');
      expectObservable(texts(incoming$), '11ms !').toBe('a 9ms b');
    });
  });

  it('should play it to a connection', () => {
    virtually(({ expectObservable }) => {
      const { connection } = replay(session([0, '<a'], [10, '<b'], [20, '|']));
      expect([connection.state, connection.remote]).toMatchObject(['open', { host: '127.0.0.1' }]);
      expectObservable(texts(connection.receive$)).toBe('a 9ms b 9ms |');
      expectObservable(connection.close$.pipe(map(({ reason }) => reason))).toBe('20ms (p|)', { p: 'peer' });
    });
  });

  it('should decode it with a codec', () => {
    virtually(({ expectObservable }) => {
      const { connection } = replay(session([0, '<a\nb'], [10, '<c\nd'], [20, '|']), { codec: lines() });
      const received$: Observable<string> = connection.receive$;
      expectObservable(received$).toBe('a 9ms x 9ms (d|)', { a: 'a', x: 'bc', d: 'd' });
    });
  });

  it('should fail as it failed', () => {
    virtually(({ expectObservable }) => {
      const { connection, incoming$ } = replay(session([1, '<a'], [5, '#ETIMEDOUT']));
      const codes = (source: Observable<Uint8Array>) =>
        texts(source).pipe(catchError((error: unknown) => of((error as NetworkError).code)));
      expectObservable(codes(connection.receive$)).toBe('-a 3ms (e|)', { a: 'a', e: 'ETIMEDOUT' });
      expectObservable(codes(incoming$)).toBe('-a 3ms (e|)', { a: 'a', e: 'ETIMEDOUT' });
    });
  });

  it('should fail with RST after FIN', () => {
    virtually(({ expectObservable }) => {
      const { connection } = replay(session([1, '<a'], [2, '|'], [5, '#ECONNRESET']), { halfOpen: true });
      connection.receive$.subscribe();
      expectObservable(connection.close$.pipe(map(({ reason }) => reason))).toBe('5ms (r|)', { r: 'reset' });
    });
  });

  it('should let the peer be silent when the recording ends first', () => {
    expect(received(session([0, '<a'], [5, 'stopped']))).toMatchObject({ text: 'a', completed: false });
    expect(received(session([0, '<a']))).toMatchObject({ text: 'a', completed: false, error: undefined });
  });

  it('should let the peer end when our side had ended the connection', () => {
    const { events, ...rest } = session([0, '<a']);
    const close: RecordedEvent = { type: 'close', t: 7, reason: 'protocol', code: 'ERR_FRAME_DATA' };
    expect(received({ ...rest, events: [...events, close] })).toMatchObject({ text: 'a', completed: true });
  });

  it('should be faster on request', () => {
    expect(received(session([0, '<a'], [10, '<b'], [11, '<c'], [20, '|']), { speed: 2 }).times).toEqual([
      0, 5, 5.5,
    ]);
    expect(received(session([0, '<a'], [10, '<b']), { speed: 0.5 }).times).toEqual([0, 20]);
  });

  it('should hold back what comes while nobody reads', () => {
    virtually(({ cold, expectObservable }) => {
      const { connection } = replay(
        session([0, '<a'], [10, '<b'], [20, '<c'], [21, '|'], [22, '#ECONNRESET']),
      );
      const late = cold('15ms (x|)').pipe(mergeMap(() => connection.receive$));
      expectObservable(texts(late), '30ms !').toBe('15ms (ab) 1ms c|');
    });
  });

  it('should stop for a handler that pauses it, within a chunk too', () => {
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ flush }) => {
      const { connection } = replay(session([0, '<abcdefghij'], [1, '<k'], [2, '|']), { bufferSize: 8 });
      const heard = spy(connection.receive$);
      const hold = connection.flow.hold();
      scheduler.schedule(() => hold.release(), 5);
      connection.receive$.subscribe(() => {
        const pause = connection.flow.hold();
        scheduler.schedule(() => pause.release(), 10);
      });
      flush();
      expect(heard.values.map(toText)).toEqual(['abcdefgh', 'ij', 'k']);
      expect(heard.times).toEqual([5, 15, 25]);
      expect(heard.endedAt).toBe(35);
    });
  });

  it('should keep what is sent, and tell whether it is what was sent then', () => {
    const play = (answer: (text: string) => string): Replay =>
      new TestScheduler(() => undefined).run(({ flush }) => {
        const playing = replay(session([0, '<a'], [1, '>A'], [10, '<b'], [11, '>B'], [20, '|']));
        const { connection } = playing;
        texts(connection.receive$).subscribe((text) => connection.send(answer(text)));
        flush();
        return playing;
      });
    const right = play((text) => text.toUpperCase());
    expect([toText(right.expected), toText(right.sent)]).toEqual(['AB', 'AB']);
    right.verifySent();
    const wrong = play((text) => (text === 'a' ? 'A' : 'c'));
    expect(() => wrong.verifySent()).toThrow('differs from the recording at byte 1');
    expect(() => play(() => 'A').verifySent()).toThrow(
      expect.objectContaining({ name: 'ReplayMismatchError', at: 1 }),
    );
    expect(() => play(() => 'ABC').verifySent()).toThrow('at byte 2');
  });

  it('should be a network for a server', () => {
    virtually(({ expectObservable, flush }) => {
      const echo = replay(ECHO);
      const server = new TcpServer({ transport: echo.transport, codec: lines(), port: 5555 });
      server.receive$.subscribe(({ connection, data }) => connection.send(data));
      const closed = server.close$.pipe(map(({ reason }) => reason));
      expectObservable(closed).toBe('20ms p', { p: 'peer' });
      void server.start();
      flush();
      echo.verifySent();
    });
  });

  it('should be a network for listen()', () => {
    virtually(({ flush }) => {
      const echo = replay(ECHO);
      listen({ transport: echo.transport, codec: lines() })
        .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
        .subscribe();
      flush();
      echo.verifySent();
    });
  });

  it('should be a network for a client, once', () => {
    virtually(({ expectObservable }) => {
      const { transport } = replay(session([5, '<welcome'], [6, '|']));
      const client = new TcpClient({ transport, to: 1 });
      expectObservable(client.receive$.pipe(map(({ data }) => toText(data)))).toBe('5ms w', { w: 'welcome' });
      void client.start();
      const second = new TcpClient({ transport, to: 1 });
      expectObservable(second.close$.pipe(map(({ error }) => error?.code))).toBe('e', { e: 'ECONNREFUSED' });
      void second.start();
    });
  });

  it('should have one connection in all', () => {
    virtually(() => {
      const playing = replay(session([0, '<a']));
      expect(playing.connection).toBe(playing.connection);
      const other = replay(session([0, '<a']));
      void new TcpServer({ transport: other.transport }).start();
      expect(() => other.connection).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    });
  });

  it('should end when it is disposed of', () => {
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ flush }) => {
      const playing = replay(session([0, '<a'], [1000, '<b']));
      const heard = spy(playing.connection.receive$);
      const closed = spy(playing.connection.close$);
      scheduler.schedule(() => playing[Symbol.dispose](), 10);
      flush();
      expect([heard.text, closed.times]).toEqual(['a', [10]]);
      expect(scheduler.frame).toBeLessThan(100);
    });
  });

  it('should let handlers change their bytes without changing the recording', () => {
    const recording = session([0, '<a'], [1, '|']);
    for (let round = 0; round < 2; round++)
      virtually(({ flush }) => {
        const { connection } = replay(recording);
        const heard: string[] = [];
        connection.receive$.subscribe((chunk) => {
          heard.push(toText(chunk));
          chunk.fill(0);
        });
        flush();
        expect(heard).toEqual(['a']);
      });
  });

  it('should read texts and files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'replay-'));
    afterTest(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'a.jsonl');
    const recording = session([0, '<a'], [5, '>b'], [6, '|']);
    const text = formatRecording(recording);
    writeFileSync(path, text);
    for (const source of [recording, text, path, pathToFileURL(path)])
      expect(toText(replay(source).expected)).toBe('b');
    expect(() => replay(join(folder, 'b.jsonl'))).toThrow('ENOENT');
    expect(() => replay('{}')).toThrow(RecordingError);
  });

  it.each([
    { recut: -1 },
    { recut: 2 ** 32 },
    { speed: 0 },
    { speed: NaN },
    { bufferSize: 1 },
    { unknown: 1 },
  ])('should refuse %j', (options) => {
    expect(() => replay(session(), options)).toThrow(OptionError);
  });
});

describe('recut', () => {
  const said = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.tuple(
        fc.constantFrom('<', '<', '<', '>'),
        fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 }),
      ),
    ),
    { maxLength: 12 },
  );

  it('should change the cuts and neither bytes nor order, and be early for no byte', () => {
    fc.assert(
      fc.property(said, fc.nat(), (steps, seed) => {
        let t = 0;
        const recording = session(
          ...steps.map(([pause, [way, text]]): [number, string] => [(t += pause), way + text]),
        );
        const before = received(recording);
        const after = received(recording, { recut: seed });
        expect(after.text).toBe(before.text);
        expect(after.chunks.every((chunk) => chunk !== '')).toBe(true);
        expect(byteTimes(after).every((time, at) => time >= (byteTimes(before)[at] ?? Infinity))).toBe(true);
        expect(received(recording, { recut: seed })).toEqual(after);
      }),
      { numRuns: 60 },
    );
  });

  it('should cut differently for different seeds', () => {
    const recording = session([0, '<the quick brown'], [5, '< fox'], [9, '|']);
    const cuts = new Set<string>();
    for (let seed = 0; seed < 40; seed++) cuts.add(received(recording, { recut: seed }).chunks.join('/'));
    expect(cuts.size).toBeGreaterThan(25);
    expect([...cuts].some((chunks) => chunks.includes('brown f') || chunks.includes('n fox'))).toBe(true);
  });

  it('should not move a byte past something that was sent', () => {
    const recording = session([0, '<login'], [1, '>ok'], [50, '<data'], [60, '|']);
    for (let seed = 0; seed < 50; seed++) {
      const times = byteTimes(received(recording, { recut: seed }));
      expect(times).toEqual([0, 0, 0, 0, 0, 50, 50, 50, 50]);
    }
  });

  it('should not take long for a large burst', () => {
    const event: RecordedEvent = { type: 'in', t: 0, bytes: new Uint8Array(4_000_000) };
    const { chunks } = received({ ...session(), events: [event] }, { recut: 1 });
    expect(chunks.length).toBeLessThan(300);
    expect(chunks.join('')).toHaveLength(4_000_000);
  });
});

describe('a session of production', () => {
  it('should be the same when it is recorded and played, whatever was said', () => {
    const said = fc.array(fc.tuple(fc.nat(9), fc.uint8Array({ minLength: 1, maxLength: 50 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(said, (chunks) => {
        const written: string[] = [];
        let live: Spy<Uint8Array> | undefined;
        inVirtualTime(({ server: makeServer, agent: makeAgent, scheduler }) => {
          const server = makeServer();
          server.accept$.subscribe((connection) => {
            record(connection, (line) => written.push(line));
            live = spy(connection.receive$);
            connection.receive$.subscribe((chunk) => connection.send(chunk));
          });
          const agent = makeAgent();
          agent.receive$.subscribe();
          agent.connect$.subscribe((connection) => {
            let at = 0;
            for (const [pause, chunk] of chunks)
              scheduler.schedule(() => connection.send(chunk), (at += pause));
            scheduler.schedule(() => connection.end(), at + 1);
          });
          scheduler.schedule(() => void agent.connect(1), 1);
        });
        virtually(({ flush }) => {
          const playing = replay(written.join('\n'));
          const again = spy(playing.connection.receive$);
          playing.connection.receive$.subscribe((chunk) => playing.connection.send(chunk));
          flush();
          expect(again.values).toEqual(live?.values.map((chunk) => new Uint8Array(chunk)));
          expect([again.times, again.endedAt]).toEqual([live?.times, live?.endedAt]);
          playing.verifySent();
        });
      }),
      { numRuns: 60 },
    );
  });

  it('should be recorded over TCP and played again', async () => {
    const server = new TcpServer({ host: '127.0.0.1', codec: pack({ flag: 5 }) });
    afterTest(() => server[Symbol.asyncDispose]());
    const written: string[] = [];
    const recorders: ReturnType<typeof record>[] = [];
    server.accept$.subscribe((connection) =>
      recorders.push(record(connection, (line) => written.push(line))),
    );
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    const { port = 0 } = await server.start();
    const client = new TcpClient({ codec: pack({ flag: 5 }), to: { host: '127.0.0.1', port } });
    afterTest(() => client[Symbol.asyncDispose]());
    const connection = await client.start();
    const heard = spy(connection.receive$);
    const messages = Array.from({ length: 30 }, (_, i) => new Uint8Array(1 + i * i * 37).fill(i));
    for (const message of messages) connection.send(message);
    await heard.take(messages.length);
    connection.end();
    await heard.ended();
    await recorders[0]?.done;

    for (const options of [{}, { recut: 1 }, { recut: 2 }]) {
      virtually(({ flush }) => {
        const playing = replay(written.join('\n'), { codec: pack({ flag: 5 }), ...options });
        const again = spy(playing.connection.receive$);
        playing.connection.receive$.subscribe((message) => playing.connection.send(message));
        flush();
        expect(again.values.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
        expect(Buffer.concat(messages).equals(again.bytes)).toBe(true);
        expect(again.completed).toBe(true);
        playing.verifySent();
      });
    }
  });

  it('should make a failure in production a marble test that fails at the same place, however it is cut', async () => {
    // In production: a length of 128 is taken for a negative one.
    const written: string[] = [];
    const pair = await connectionPair({ far: { codec: measured((byte) => (byte << 24) >> 24) } });
    afterTest(() => pair.close());
    record(pair.far, (line) => written.push(line));
    const lengths = spy(pair.far.receive$.pipe(map(({ length }) => length)));
    const closed = spy(pair.far.close$);
    pair.near.receive$.subscribe();
    for (const length of [5, 127, 128, 3]) {
      pair.near.send(new Uint8Array(length + 1).fill(length, 0, 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await closed.next()).toMatchObject({ reason: 'protocol', error: { code: 'ERR_FRAME_LENGTH' } });
    expect(lengths.values).toEqual([5, 127]);

    // In the test: the same, whatever the cuts.
    const recording = written.join('\n');
    for (let seed = 0; seed < 30; seed++)
      virtually(({ flush }) => {
        const { connection } = replay(recording, {
          codec: measured((byte) => (byte << 24) >> 24),
          recut: seed,
        });
        const again = spy(connection.receive$);
        flush();
        expect(again.values).toHaveLength(2);
        expect(again.error).toMatchObject({
          code: 'ERR_FRAME_LENGTH',
          message: expect.stringContaining('-128'),
        });
      });

    // Repaired, it gets past it.
    virtually(({ flush }) => {
      const { connection } = replay(recording, { codec: measured((byte) => byte) });
      const again = spy(connection.receive$);
      flush();
      expect(again.values.slice(0, 3).map(({ length }) => length)).toEqual([5, 127, 128]);
    });
  });
});

/** A byte with the length, and so many bytes; `lengthOf` is where bugs are planted. */
function measured(lengthOf: (byte: number) => number): Codec {
  return {
    decoder: () => {
      let kept = new Uint8Array(0);
      return {
        push(chunk, emit) {
          kept = new Uint8Array([...kept, ...chunk]);
          for (let first = kept[0]; first !== undefined; first = kept[0]) {
            const length = lengthOf(first);
            if (length < 0) throw new ProtocolError('ERR_FRAME_LENGTH', `a length of ${length}`);
            if (kept.length <= length) return;
            const message = kept.slice(1, length + 1);
            kept = kept.slice(length + 1);
            emit(message);
          }
        },
        get residue() {
          return kept.length;
        },
      };
    },
    encoder: () => ({ push: (message, emit) => emit(message) }),
  };
}
