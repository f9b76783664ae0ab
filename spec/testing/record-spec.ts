import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { OptionError } from '../../lib/base/errors.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { lines } from '../../lib/codec/lines.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';
import { type ConnectionPairOptions, connectionPair } from '../../lib/testing/connection-pair.ts';
import { type RecordOptions, record } from '../../lib/testing/record.ts';
import { type RecordedEvent, parseRecording, readRecording } from '../../lib/testing/recording.ts';
import { spy } from '../../lib/testing/spy.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { afterTest } from '../support/cleanup.ts';
import { inVirtualTime } from '../support/virtual-network.ts';

/** A recording that is kept in memory. */
function recorded(connection: Connection<unknown, never>, options?: RecordOptions) {
  const written: string[] = [];
  const recorder = record(connection, (line) => written.push(line), options);
  return {
    recorder,
    written,
    get events() {
      return parseRecording(written.join('\n')).events;
    },
    get story() {
      return storyOf(this.events);
    },
  };
}

function storyOf(events: readonly RecordedEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'in' || event.type === 'out') return `${event.type} ${toText(event.bytes)}`;
    if (event.type === 'end') return `end ${event.direction}`;
    return event.type === 'close' ? `close ${event.reason} ${event.code ?? '-'}` : `stopped ${event.by}`;
  });
}

async function pairFor(options: ConnectionPairOptions = {}) {
  const pair = await connectionPair(options);
  afterTest(() => pair.close());
  return pair;
}

/** Turns of the network. */
const settled = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe('record', () => {
  it('should write both directions, both ends and the close', async () => {
    const { near, far } = await pairFor();
    const recording = recorded(far);
    far.receive$.subscribe((chunk) => far.send('echo ', chunk));
    near.receive$.subscribe();
    near.send('one');
    await settled();
    near.send('two');
    near.end();
    await recording.recorder.done;
    expect(recording.story).toEqual([
      'in one',
      'out echo one',
      'in two',
      'out echo two',
      'end in',
      'end out',
      'close peer -',
    ]);
    const { local, remote, at } = parseRecording(recording.written.join('\n'));
    expect([local, remote]).toEqual([far.local, far.remote]);
    expect(Math.abs(Date.parse(at ?? '') - Date.now())).toBeLessThan(60_000);
    expect(recording.recorder.ended).toBe('close');
    expect(recording.recorder.bytes).toBe(recording.written.join('\n').length + 1);
  });

  it('should record the bytes below a codec', async () => {
    const { near, far, close } = await connectionPair({ far: { codec: lines() } });
    afterTest(close);
    const recording = recorded(far);
    far.receive$.subscribe((line) => far.send(`${line}!`));
    near.send('a\nb');
    await settled();
    near.send('c\n');
    await settled();
    expect(recording.story).toEqual(['in a\nb', 'out a!\n', 'in c\n', 'out bc!\n']);
  });

  it('should record the bytes below two codecs, one on top of the other', async () => {
    const { near, far } = await pairFor();
    const shout = {
      decoder: () => ({ push: (line: string, emit: (m: string) => void) => emit(line), residue: 0 }),
      encoder: () => ({ push: (line: string, emit: (o: string) => void) => emit(line.toUpperCase()) }),
    };
    const top = far.through(lines()).through(shout);
    const recording = recorded(top);
    top.receive$.subscribe((line) => top.send(line));
    near.send('a\n');
    await settled();
    expect(recording.story).toEqual(['in a\n', 'out A\n']);
  });

  it('should neither begin to read nor stop it', async () => {
    const { near, far } = await pairFor();
    const recording = recorded(far);
    near.send('one');
    await settled();
    expect([far.reading, recording.written.length]).toEqual([false, 1]);
    const reader = far.receive$.subscribe();
    await settled();
    expect(recording.story).toEqual(['in one']);
    reader.unsubscribe();
    expect(far.reading).toBe(false);
    near.send('two');
    await settled();
    expect(recording.story).toEqual(['in one']);
    const later = spy(far.receive$);
    await later.next();
    expect([later.text, recording.story]).toEqual(['two', ['in one', 'in two']]);
  });

  it('should record each byte once, whatever is paused and given back to the network', async () => {
    const { near, far } = await pairFor({ far: { bufferSize: 8 } });
    const recording = recorded(far);
    let chunks = 0;
    far.receive$.subscribe(() => {
      if (++chunks % 2 === 1) return;
      const hold = far.flow.hold();
      setImmediate(() => hold.release());
    });
    near.send('the quick brown fox jumps over the lazy dog');
    while (far.bytesIn < 43) await settled();
    expect(recording.story.join('').replaceAll('in ', '')).toBe(
      'the quick brown fox jumps over the lazy dog',
    );
    expect(recording.events).toHaveLength(6);
  });

  it('should count the time of the connection, beginning with 0', () => {
    const written: string[] = [];
    inVirtualTime(({ server: makeServer, agent: makeAgent, at }) => {
      const server = makeServer();
      const agent = makeAgent();
      agent.receive$.subscribe();
      server.receive$.subscribe(({ connection, data }) => connection.send(data));
      at('5ms c 9ms a 9ms b 9ms x', {
        c: () => void agent.connect(1),
        a: () => agent.connections.get(1)?.send('a'),
        b: () => agent.connections.get(1)?.send('b'),
        x: () => agent.connections.get(1)?.reset(),
      });
      server.accept$.subscribe((connection) => record(connection, (line) => written.push(line)));
    });
    const { events } = parseRecording(written.join('\n'));
    expect(events.map(({ t }) => t)).toEqual([10, 10, 20, 20, 30]);
    expect(storyOf(events).at(-1)).toBe('close reset ECONNRESET');
  });

  it('should begin before the connection is established', async () => {
    const recordings: ReturnType<typeof recorded>[] = [];
    inVirtualTime(({ agent: makeAgent, server: makeServer, at }) => {
      const server = makeServer();
      server.receive$.subscribe();
      server.accept$.subscribe((connection) => connection.send('welcome'));
      const agent = makeAgent();
      agent.receive$.subscribe(({ connection }) => connection.disconnect());
      agent.prepareConnect$.subscribe(({ connection }) => recordings.push(recorded(connection)));
      at('-c', { c: () => [agent.connect(1), agent.connect(2)] });
    });
    await settled();
    expect(recordings.map(({ story }) => story)).toEqual([
      ['in welcome', 'end out', 'end in', 'close local -'],
      ['close connect ECONNREFUSED'],
    ]);
  });

  it('should write the close of a connection that has ended already', async () => {
    const { near } = await pairFor();
    near.disconnect(true);
    await spy(near.close$).next();
    expect(recorded(near).story).toEqual(['close forced -']);
  });

  it('should stop when asked, and leave the connection alone', async () => {
    const { near, far } = await pairFor();
    const recording = recorded(far);
    const heard = spy(far.receive$);
    near.send('one');
    await heard.next();
    recording.recorder.stop();
    recording.recorder[Symbol.dispose]();
    near.send('two');
    far.send('three');
    await heard.next();
    await far.flush();
    far.end();
    expect(recording.story).toEqual(['in one', 'stopped request']);
    expect(recording.recorder.ended).toBe('request');
    await recording.recorder.done;
  });

  it('should allow several recordings of one connection', async () => {
    const { near, far } = await pairFor();
    const first = recorded(far);
    const second = recorded(far);
    const heard = spy(far.receive$);
    near.send('one');
    await heard.next();
    first.recorder.stop();
    const third = recorded(far);
    near.send('two');
    await heard.next();
    expect([first.story, second.story, third.story]).toEqual([
      ['in one', 'stopped request'],
      ['in one', 'in two'],
      ['in two'],
    ]);
  });

  it('should record FIN and what was sent with every policy', async () => {
    for (const policy of [sendPolicy.direct(), sendPolicy.safe(), sendPolicy.pack()]) {
      const { near } = await pairFor({ near: { sendPolicy: policy } });
      const recording = recorded(near);
      near.send('a', 'b');
      await near.flush();
      near.end();
      near.end();
      const { events, story } = recording;
      expect(story.filter((line) => line.startsWith('end'))).toEqual(['end out']);
      expect(events.flatMap((event) => (event.type === 'out' ? [toText(event.bytes)] : [])).join('')).toBe(
        'ab',
      );
    }
  });
});

describe('the limit of a recording', () => {
  it('should stop it before it becomes longer', async () => {
    // Its time stands still, so that all lines are of the same length.
    const { near, far } = await pairFor({ far: { scheduler: new TestScheduler(() => undefined) } });
    const heard = spy(far.receive$);
    const header = recorded(far).recorder.bytes;
    const line = '{"t":0,"in":"YWJj"}\n'.length;
    const exact = recorded(far, { maxBytes: header + 2 * line });
    const tooFew = recorded(far, { maxBytes: header + 2 * line - 1 });
    const none = recorded(far, { maxBytes: 1 });
    for (const text of ['abc', 'def']) {
      near.send(text);
      await heard.next();
    }
    expect(exact.story).toEqual(['in abc', 'in def']);
    expect(tooFew.story).toEqual(['in abc', 'stopped maxBytes']);
    expect(tooFew.recorder.ended).toBe('maxBytes');
    expect(none.story).toEqual(['stopped maxBytes']);
    near.send('ghi');
    await heard.next();
    expect(heard.text).toBe('abcdefghi');
    await tooFew.recorder.done;
  });

  it.each([{ maxBytes: 0 }, { maxBytes: 1.5 }, { redact: 'x' }, { unknown: 1 }])(
    'should refuse %j',
    async (options) => {
      const { near } = await pairFor();
      expect(() => record(near, () => undefined, options as RecordOptions)).toThrow(OptionError);
    },
  );

  it('should refuse what is no sink or no connection', async () => {
    const { near } = await pairFor();
    expect(() => record(near, 5 as never)).toThrow(OptionError);
    expect(() => record({ scheduler: { now: () => 0 } } as never, () => undefined)).toThrow(OptionError);
  });
});

describe('redact', () => {
  it('should change what is written and nothing else', async () => {
    const { near, far } = await pairFor();
    const { written } = recorded(far, {
      redact: (direction, bytes) => {
        if (direction === 'out') return new Uint8Array(0);
        bytes.fill(0x2a);
        return bytes.subarray(0, 3);
      },
    });
    const heard = spy(far.receive$);
    near.send('secret');
    await heard.next();
    far.send('answer');
    await far.flush();
    expect(heard.text).toBe('secret');
    expect(storyOf(parseRecording(written.join('\n')).events)).toEqual(['in ***']);
  });

  it('should end the recording and not the connection when it throws', async () => {
    const { near, far } = await pairFor();
    const fault = new Error('redact');
    const { recorder, story } = recorded(far, {
      redact: () => {
        throw fault;
      },
    });
    const heard = spy(far.receive$);
    near.send('one');
    await heard.next();
    await expect(recorder.done).rejects.toBe(fault);
    expect([recorder.ended, story, far.state]).toEqual(['error', [], 'open']);
  });
});

describe('the sink of a recording', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'recording-'));
    afterTest(() => rmSync(path, { recursive: true }));
    return path;
  };

  it('should be a file', async () => {
    const path = join(folder(), 'session.jsonl');
    const { near, far } = await pairFor();
    const recorder = record(far, path);
    far.receive$.subscribe();
    near.send('hello');
    near.end();
    await recorder.done;
    expect(storyOf(readRecording(path).events).slice(0, 2)).toEqual(['in hello', 'end in']);
  });

  it('should be told of when the file cannot be written', async () => {
    const { near, far } = await pairFor();
    const recorder = record(far, join(folder(), 'missing', 'session.jsonl'));
    await expect(recorder.done).rejects.toMatchObject({ code: 'ENOENT' });
    expect(recorder.ended).toBe('error');
    const heard = spy(far.receive$);
    near.send('hello');
    expect(toText(await heard.next())).toBe('hello');
  });

  it('should be a stream, which is left open', async () => {
    const { near, far } = await pairFor();
    const stream = new PassThrough();
    const recorder = record(far, stream);
    const heard = spy(far.receive$);
    near.send('hello');
    await heard.next();
    recorder.stop();
    await recorder.done;
    expect([stream.writableEnded, stream.listenerCount('error')]).toEqual([false, 0]);
    expect(storyOf(parseRecording(String(stream.read())).events)).toEqual(['in hello', 'stopped request']);
  });

  it('should do no harm when a stream fails', async () => {
    const { near, far } = await pairFor();
    const fault = new Error('disk');
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(fault) });
    const recorder = record(far, stream);
    await expect(recorder.done).rejects.toBe(fault);
    const closed = new PassThrough();
    closed.end();
    const late = record(far, closed);
    await expect(late.done).rejects.toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    const heard = spy(far.receive$);
    near.send('hello');
    await heard.next();
    expect([recorder.ended, late.ended, far.state]).toEqual(['error', 'error', 'open']);
  });

  it('should do no harm when a function throws', async () => {
    const { near, far } = await pairFor();
    const calls: string[] = [];
    const recorder = record(far, (line) => {
      calls.push(line);
      throw new Error('full');
    });
    const heard = spy(far.receive$);
    near.send('hello');
    await heard.next();
    await expect(recorder.done).rejects.toThrow('full');
    expect([calls.length, recorder.ended, far.state]).toEqual([1, 'error', 'open']);
  });
});
