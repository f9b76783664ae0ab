import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Observable, asyncScheduler, firstValueFrom, map, toArray } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import type { Codec } from '../../lib/codec/codec.ts';
import { pack } from '../../lib/codec/pack.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { OverflowPolicy } from '../../lib/send/outbox-limits.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { codedWorld, endOf, logOf, settled } from '../support/coded-world.ts';
import { numbers, words } from '../support/word-codec.ts';

/** The writes of a connection from now on, as texts. */
const writesOf = ({ sent$ }: Connection<unknown, never>) =>
  logOf(sent$.pipe(map(({ data }) => toText(data))));

describe('sending messages', () => {
  it('should make one write of all that is sent in one turn', async () => {
    const { coded, heard } = await codedWorld();
    const writes = writesOf(coded);
    for (let i = 0; i < 100; i++) coded.send('w');
    await settled();
    expect(writes).toEqual(['w;'.repeat(100)]);
    expect(heard.text).toBe('w;'.repeat(100));
  });

  it('should make one write of all answers to one chunk', async () => {
    const { coded, raw } = await codedWorld();
    const writes = writesOf(coded);
    coded.receive$.subscribe((word) => coded.send(word, word));
    raw.send('a;b;c;');
    await settled();
    expect(writes).toEqual(['a;a;b;b;c;c;']);
  });

  it('should write at once with sendPolicy.direct', async () => {
    const { coded, heard } = await codedWorld({ server: { sendPolicy: sendPolicy.direct() } });
    coded.send('a');
    expect([coded.pending, coded.bytesOut]).toEqual([0, 2]);
    const writes = writesOf(coded);
    coded.send('b');
    coded.send('c', 'd');
    await settled();
    expect(writes).toEqual(['b;', 'c;d;']);
    expect(heard.text).toBe('a;b;c;d;');
  });

  it('should write when the scheduler of the policy says so', async () => {
    const { coded, raw } = await codedWorld({
      server: { sendPolicy: sendPolicy.pack({ scheduler: asyncScheduler }) },
    });
    const writes = writesOf(coded);
    coded.send('a');
    await settled();
    coded.send('b');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await settled();
    expect(writes.join('')).toBe('a;b;');
    expect(raw.bytesIn).toBe(4);
  });

  it('should refuse what cannot be encoded, send nothing of it and go on', async () => {
    const { server, coded, heard } = await codedWorld();
    const faults = logOf(server.faults$);
    expect(coded.send('a')).toBe('ok');
    expect(coded.send('!')).toBe('refused');
    expect(coded.lastError).toMatchObject({ code: 'ERR_FRAME_DATA', operation: 'send' });
    expect(coded.send('b', '!', 'c')).toBe('refused');
    expect(coded.pending).toBe(2);
    expect(coded.send('d')).toBe('ok');
    await settled();
    expect(heard.text).toBe('a;d;');
    expect(coded.state).toBe('open');
    expect(faults).toEqual([]);
  });

  it('should throw what is a mistake of the caller or of the codec, send nothing of it and go on', async () => {
    const { coded, heard } = await codedWorld();
    coded.send('a');
    expect(() => coded.send('b', '?')).toThrow(TypeError);
    expect(() => coded.through(pack() as never).send(1)).toThrow(OptionError);
    coded.send('c');
    await settled();
    expect(heard.text).toBe('a;c;');
  });

  it('should take no messages before and after its time', async () => {
    const { server, coded, heard } = await codedWorld();
    const ended = endOf(coded);
    coded.send('a');
    coded.end();
    expect([coded.send('b'), coded.lastError?.code, coded.pending]).toEqual(['refused', 'ERR_CLOSED', 2]);
    coded.disconnect();
    await ended;
    expect([coded.send('c'), coded.lastError?.code, coded.pending]).toEqual(['refused', 'ERR_CLOSED', 0]);
    expect(heard).toEqual({ text: 'a;', ending: 'complete' });
    await server.stop();
  });

  it('should send nothing when there is nothing to send', async () => {
    const { coded, heard } = await codedWorld();
    const writes = writesOf(coded);
    expect([coded.send('-'), coded.send()]).toEqual(['ok', 'ok']);
    await settled();
    expect([writes, heard.text]).toEqual([[], '']);
  });
});

describe('pending', () => {
  it('should count what is encoded', async () => {
    const { coded } = await codedWorld({ read: false, network: { capacity: 4 } });
    coded.send('abc');
    expect(coded.pending).toBe(4);
    await settled();
    expect(coded.pending).toBe(0);
    coded.send('de', 'f');
    expect(coded.pending).toBe(5);
    await settled();
    expect(coded.pending).toBe(5);
  });

  it('should be what pending$ says', async () => {
    const { coded } = await codedWorld({ read: false, network: { capacity: 4 } });
    coded.send('abcdef');
    const log = logOf(coded.pending$);
    expect(log).toEqual([coded.pending]);
    await settled();
    expect(log.at(-1)).toBe(coded.pending);
  });
});

describe('overflow', () => {
  const options = (overflow: OverflowPolicy) => ({
    server: { maxPending: 10, highPending: 5, overflow },
    network: { capacity: 1 },
    read: false,
  });

  it('should be exact: a refused message never arrives, an accepted one does', async () => {
    const { server, coded, raw } = await codedWorld(options('error'));
    const dropped = logOf(server.dropped$);
    const faults = logOf(server.faults$.pipe(map(({ error }) => error.code)));
    const results = ['aaa', 'bb', 'cc', 'd', '', 'e'].map((word) => coded.send(word));
    expect(results).toEqual(['ok', 'congested', 'congested', 'refused', 'refused', 'refused']);
    expect(coded.lastError).toMatchObject({ code: 'ERR_SEND_OVERFLOW' });
    expect(coded.pending).toBe(10);
    expect(faults).toEqual(['ERR_SEND_OVERFLOW', 'ERR_SEND_OVERFLOW', 'ERR_SEND_OVERFLOW']);
    expect(dropped).toEqual([]);
    const heard = logOf(
      raw.receive$.pipe(
        map(toText),
        toArray(),
        map((texts) => texts.join('')),
      ),
    );
    await settled();
    expect(coded.send('f')).toBe('ok');
    coded.end();
    await settled();
    expect(heard).toEqual(['aaa;bb;cc;f;', '|']);
  });

  it('should be exact in any order of lengths', async () => {
    let state = 7;
    const random = (below: number) => (state = (state * 48271) % 0x7fffffff) % below;
    for (const policy of [sendPolicy.pack(), sendPolicy.safe(), sendPolicy.direct()]) {
      const { coded, raw } = await codedWorld({
        server: { maxPending: 20, highPending: 10, sendPolicy: policy },
        network: { capacity: 8, readSize: 5 },
        read: false,
      });
      const accepted: string[] = [];
      const texts: string[] = [];
      raw.receive$.subscribe((chunk) => texts.push(toText(chunk)));
      for (let i = 0; i < 300; i++) {
        const word = `${i}${'x'.repeat(random(12))}`;
        const { pending } = coded;
        const result = coded.send(word);
        expect(result === 'refused').toBe(pending + word.length + 1 > 20);
        if (result === 'refused') continue;
        accepted.push(word);
        if (result === 'congested') expect(pending + word.length + 1).toBeGreaterThan(10);
        if (random(6) === 0) await Promise.resolve();
        if (random(20) === 0) await settled();
      }
      await settled();
      expect(texts.join('')).toBe(accepted.map((word) => `${word};`).join(''));
    }
  });

  it('should close', async () => {
    const { coded } = await codedWorld(options('close'));
    const ended = endOf(coded);
    coded.send('aaaa');
    expect(coded.send('bbbbbbb')).toBe('refused');
    expect(await ended).toMatchObject({ reason: 'overflow', bytesOut: 0, unsent: 5 });
  });

  it('should drop the oldest that are not on their way', async () => {
    const { server, network } = options('drop-old');
    const { coded, raw, ...world } = await codedWorld({
      server: { ...server, sendPolicy: sendPolicy.safe() },
      network,
      read: false,
    });
    const dropped = logOf(world.server.dropped$);
    coded.send('aaa');
    await settled();
    coded.send('b');
    await settled();
    coded.send('c');
    await settled();
    expect(coded.send('ddddd')).toBe('congested');
    expect(dropped).toMatchObject([{ reason: 'overflow', bytes: 4 }]);
    expect((dropped as { connection: unknown }[])[0]?.connection).toBe(coded);
    const heard = logOf(
      raw.receive$.pipe(
        map(toText),
        toArray(),
        map((texts) => texts.join('')),
      ),
    );
    coded.end();
    await settled();
    expect(heard).toEqual(['aaa;ddddd;', '|']);
  });

  it('should refuse a message that could never fit', async () => {
    for (const overflow of ['error', 'drop-old'] as const) {
      const { coded, heard } = await codedWorld({ ...options(overflow), read: true });
      coded.send('a');
      expect(coded.send('0123456789')).toBe('refused');
      coded.send('b');
      await settled();
      expect(heard.text).toBe('a;b;');
    }
  });
});

describe('what comes after everything that was sent', () => {
  it('should be flush', async () => {
    const { coded, raw } = await codedWorld({ read: false, network: { capacity: 2 } });
    coded.send('abc');
    let done = false;
    const flushed = coded.flush().then(() => (done = true));
    await settled();
    expect(done).toBe(false);
    raw.receive$.subscribe();
    await flushed;
    expect([coded.pending, coded.bytesOut]).toEqual([0, 4]);
  });

  it('should be the failure of a flush when the connection closes', async () => {
    const { coded } = await codedWorld({ read: false, network: { capacity: 2 } });
    coded.send('abc');
    const flushed = coded.flush();
    coded.disconnect(true);
    await expect(flushed).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  it('should be an aborted flush', async () => {
    const { coded } = await codedWorld({ read: false, network: { capacity: 2 } });
    coded.send('abc');
    await expect(coded.flush(AbortSignal.abort())).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  it('should be the end, with the last words of the codec', async () => {
    const { coded, raw, heard } = await codedWorld({
      server: { codec: words({ last: 'end' }) },
      agent: { halfOpen: true },
    });
    const log = logOf(coded.receive$);
    coded.send('a');
    coded.end();
    coded.end();
    await settled();
    expect(heard).toEqual({ text: 'a;end;', ending: 'complete' });
    raw.send('b;');
    raw.end();
    await settled();
    expect(log).toEqual(['b', '|']);
    expect(coded.finished?.reason).toBe('local');
  });

  it('should be disconnect, with the last words of the codec', async () => {
    const { coded, heard } = await codedWorld({ server: { codec: words({ last: 'end' }) } });
    coded.send('a');
    coded.disconnect();
    await settled();
    expect(heard).toEqual({ text: 'a;end;', ending: 'complete' });
    expect(coded.finished).toMatchObject({ reason: 'local', unsent: 0 });
  });

  it('should be disposal', async () => {
    const { coded, heard } = await codedWorld({ server: { codec: words({ last: 'end' }) } });
    coded.send('a');
    await coded[Symbol.asyncDispose]();
    expect(coded.state).toBe('closed');
    expect(heard.text).toBe('a;end;');
  });

  it('should be the last words of the codec after the peer has ended', async () => {
    const { coded, raw, heard } = await codedWorld({ server: { codec: words({ last: 'end' }) } });
    coded.receive$.subscribe((word) => coded.send(word));
    raw.send('a;');
    raw.end();
    await settled();
    expect(heard.text).toBe('a;end;');
  });

  it('should be closing even if the codec fails at its last words', async () => {
    for (const last of ['!', '?']) {
      const { coded, heard } = await codedWorld({ server: { codec: words({ last }) } });
      coded.send('a');
      try {
        coded.disconnect();
      } catch {
        // whether it throws is not what this is about
      }
      await settled();
      expect([coded.state, heard.text.slice(0, 2)]).toEqual(['closed', 'a;']);
    }
  });

  it('should be nothing at all when it was never used', async () => {
    const { coded, heard } = await codedWorld();
    coded.disconnect();
    await settled();
    expect(heard).toEqual({ text: '', ending: 'complete' });
  });

  it('should be the completion of sendTo', async () => {
    const { coded, raw } = await codedWorld({ read: false, network: { capacity: 2 } });
    const log = logOf(
      new Observable<string>((subscriber) => {
        coded.flow.emit(() => subscriber.next('abc'));
        subscriber.complete();
      }).pipe(sendTo(coded)),
    );
    await settled();
    expect([log, coded.flow.leased]).toEqual([[], 3]);
    raw.receive$.subscribe();
    await settled();
    expect([log, coded.flow.leased]).toEqual([['|'], 0]);
  });
});

describe('sendFile', () => {
  let folder = '';
  const file = () => join(folder, 'file');
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coded-'));
    writeFileSync(file(), 'content');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const packed = pack({ flag: 5 });

  it('should send head, file and tail as one message', async () => {
    const { agent, transport } = await codedWorld();
    const server = new TcpServer({ transport, port: 2, codec: packed });
    const heard = logOf(server.receive$.pipe(map(({ data }) => toText(data))));
    await server.start();
    const coded = (await agent.connect(2)).through(packed);
    coded.receive$.subscribe();
    const sent = await firstValueFrom(coded.sendFile(file(), { head: '<', tail: '>' }).pipe(toArray()));
    coded.send('next');
    await settled();
    expect(heard).toEqual(['<content>', 'next']);
    expect(sent).toEqual([13]);
    await server.stop();
  });

  it('should error when the file is not there, or the codec refuses it', async () => {
    const { coded } = await codedWorld();
    const missing = logOf(coded.sendFile(join(folder, 'missing')));
    const small = logOf(coded.through(pack({ maxSize: 3 }) as never).sendFile(file()));
    while (missing.length + small.length < 2) await settled();
    expect([missing, small]).toEqual([['ENOENT'], ['ERR_FRAME_LENGTH']]);
  });

  it('should error with what the codec throws', async () => {
    const { coded } = await codedWorld();
    const broken: Codec<string, string, string, string> = {
      decoder: () => ({ push: () => undefined, residue: 0 }),
      encoder: () => ({
        push: () => {
          throw new TypeError('bytes are not for me');
        },
      }),
    };
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const log = logOf(coded.through(broken).sendFile(file()));
    while (log.length === 0) await settled();
    process.off('unhandledRejection', note);
    expect(log).toEqual(['TypeError']);
    expect(unhandled).toEqual([]);
  });
});

describe('a stack of codecs', () => {
  it('should send through all of them', async () => {
    const { coded, heard } = await codedWorld();
    const top = coded.through(numbers());
    const writes = writesOf(coded);
    expect([top.send(1), top.send(2, 3), top.send(-1)]).toEqual(['ok', 'ok', 'ok']);
    expect(top.pending).toBe(6);
    await top.flush();
    await settled();
    expect(writes).toEqual(['1;2;3;']);
    expect(heard.text).toBe('1;2;3;');
  });

  it('should refuse in any of them, and send nothing of what was refused', async () => {
    const { coded, heard } = await codedWorld({ server: { maxPending: 8 }, read: true });
    const top = coded.through(numbers());
    expect(top.send(1)).toBe('ok');
    expect([top.send(2, NaN), top.lastError?.code]).toEqual(['refused', 'ERR_FRAME_DATA']);
    expect([top.send(12345678), top.lastError?.code]).toEqual(['refused', 'ERR_SEND_OVERFLOW']);
    expect(top.send(9)).toBe('ok');
    top.disconnect();
    await settled();
    expect(heard.text).toBe('1;9;');
  });

  it('should keep messages of one send apart, where the codec below joins them', async () => {
    const { raw } = await codedWorld();
    const text: Codec<Uint8Array, string, string, string> = {
      decoder: () => ({ push: (body, emit) => emit(toText(body)), residue: 0 }),
      encoder: () => ({ push: (message, emit) => emit(message) }),
    };
    const near = raw.through(pack()).through(text);
    expect(near.send('a', 'b')).toBe('ok');
    expect(near.pending).toBe(10); // two packets of 4 + 1
  });

  it('should accept a message of which nothing is to be sent, whatever the codec below thinks of nothing', async () => {
    const { raw } = await codedWorld();
    const quiet: Codec<Uint8Array, string, string, string> = {
      decoder: () => ({ push: (body, emit) => emit(toText(body)), residue: 0 }),
      encoder: () => ({ push: () => undefined }),
    };
    const near = raw.through(pack()).through(quiet);
    expect([near.send('a'), near.pending]).toEqual(['ok', 0]);
  });

  it('should let an encoder use its memory again', async () => {
    const { raw } = await codedWorld();
    const scratch = Buffer.alloc(1);
    const letters: Codec<Uint8Array, string, Uint8Array, string> = {
      decoder: () => ({ push: (body, emit) => emit(toText(body)), residue: 0 }),
      encoder: () => ({
        push: (message, emit) => {
          for (const letter of message) {
            scratch.write(letter);
            emit(scratch);
          }
          scratch.fill('#');
        },
      }),
    };
    const writes = writesOf(raw);
    raw.through(pack()).through(letters).send('abc');
    await settled();
    expect(writes).toEqual([expect.stringMatching(/abc$/)]);
  });

  it('should say the last words of each', async () => {
    const { coded, heard } = await codedWorld({ server: { codec: words({ last: 'below' }) } });
    const codec: Codec<string, string, string, string> = {
      decoder: () => ({ push: (word, emit) => emit(word), residue: 0 }),
      encoder: () => ({ push: (word, emit) => emit(word), end: (emit) => emit('above') }),
    };
    const top = coded.through(codec);
    top.send('a');
    top.end();
    await settled();
    expect(heard.text).toBe('a;above;below;');
  });
});

describe('the connection below', () => {
  it('should show through', async () => {
    const { server, coded, raw } = await codedWorld();
    coded.extra = 'mine';
    expect(coded).toMatchObject({
      id: 1,
      state: 'open',
      extra: 'mine',
      remoteHost: undefined,
      reading: false,
    });
    expect(coded.remote).toEqual(raw.local);
    expect(coded.local).toEqual(raw.remote);
    expect(server.connections.get(1)).toBe(coded);
    coded.receive$.subscribe();
    raw.send('a;b');
    await settled();
    expect(coded).toMatchObject({ bytesIn: 3, bytesOut: 0, reading: true });
    expect(coded.age).toBeGreaterThanOrEqual(0);
    coded.reset();
    expect((await endOf(coded)).reason).toBe('forced');
    expect(raw.state).not.toBe('open');
  });

  it('should not be read before somebody listens', async () => {
    const { coded, raw } = await codedWorld({ network: { capacity: 4 } });
    raw.send('a;b;c;');
    await settled();
    expect([coded.bytesIn, coded.reading, raw.pending]).toEqual([0, false, 2]);
    const log = logOf(coded.receive$);
    await settled();
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('should end for late readers as it ended', async () => {
    const { coded, raw } = await codedWorld();
    const { receive$ } = coded;
    coded.receive$.subscribe({ error: () => undefined });
    raw.send('!;');
    await endOf(coded);
    expect(logOf(receive$)).toEqual(['ERR_FRAME_DATA']);
    const other = await codedWorld();
    other.coded.disconnect();
    await endOf(other.coded);
    expect(logOf(other.coded.receive$)).toEqual(['|']);
    expect(logOf(other.coded.through(numbers()).receive$)).toEqual(['|']);
  });
});

describe('both directions at once', () => {
  const policies = { pack: sendPolicy.pack(), safe: sendPolicy.safe(), direct: sendPolicy.direct() };
  for (const [name, policy] of Object.entries(policies)) {
    it(`should lose, double and swap nothing with sendPolicy.${name}`, async () => {
      for (let seed = 1; seed <= 5; seed++) {
        let state = seed * 7919;
        const random = (below: number) => (state = (state * 48271) % 0x7fffffff) % below;
        const { coded, raw } = await codedWorld({
          server: { sendPolicy: policy },
          agent: { sendPolicy: policy, halfOpen: true },
          network: { capacity: 1 + random(40), readSize: 1 + random(40) },
          read: false,
        });
        const ends = [coded.through(numbers()), raw.through(words()).through(numbers())] as const;
        const seen: unknown[][] = [[], []];
        const sent: number[][] = [[], []];
        ends.forEach(({ receive$, flow }, end) => {
          receive$.subscribe({
            next: (number) => {
              seen[end]?.push(number);
              if (random(4) !== 0) return;
              const hold = flow.hold();
              if (random(2) === 0) queueMicrotask(() => hold.release());
              else setImmediate(() => hold.release());
            },
            error: (error: unknown) => seen[end]?.push(error),
            complete: () => seen[end]?.push('|'),
          });
        });
        for (let i = 0; i < 200; i++) {
          const end = random(2);
          const batch = Array.from({ length: random(4) }, (_, place) => i * 10 + place);
          if (ends[end]?.send(...batch) !== 'refused') sent[end]?.push(...batch);
          if (random(9) === 0) await (random(2) === 0 ? Promise.resolve() : settled());
        }
        ends[1].end();
        for (let round = 0; round < 500 && seen[1]?.at(-1) !== '|'; round++) await settled();
        expect(seen[0]).toEqual([...(sent[1] ?? []), '|']);
        expect(seen[1]).toEqual([...(sent[0] ?? []), '|']);
        expect(coded.finished).toMatchObject({ reason: 'peer', unsent: 0 });
      }
    });
  }
});
