import { describe, expect, it } from '@jest/globals';
import { type Observable, repeat, take, tap, toArray } from 'rxjs';
import { ProtocolError } from '../../lib/base/errors.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import type { Hold } from '../../lib/flow/lease.ts';
import { type Words, codedWorld, endOf, logOf, nameOf, settled } from '../support/coded-world.ts';
import { numbers, words } from '../support/word-codec.ts';
import { inVirtualTime } from '../support/virtual-network.ts';

/** What the handlers of a source have seen, and the holds they took on some words. */
function holding(source: Observable<string>, take: (word: string) => Hold | undefined) {
  const seen: string[] = [];
  const holds: Hold[] = [];
  source.subscribe({
    next: (word) => {
      seen.push(word);
      const hold = take(word);
      if (hold !== undefined) holds.push(hold);
    },
    error: (error: unknown) => seen.push(nameOf(error)),
    complete: () => seen.push('|'),
  });
  return { seen, release: () => holds.shift()?.release() };
}

describe('a hold inside a handler', () => {
  const gates: [string, (world: Awaited<ReturnType<typeof codedWorld>>) => { hold(): Hold }][] = [
    ['connection', ({ coded }) => coded.flow],
    ['component', ({ server }) => server.flow],
    ['process', () => processFlow],
  ];
  for (const [name, gateOf] of gates) {
    it(`should stop after that message (${name})`, async () => {
      const world = await codedWorld();
      const { coded, raw } = world;
      const { seen, release } = holding(coded.receive$, () => gateOf(world).hold());
      raw.send('a;b;c;');
      await settled();
      raw.send('d;');
      const seenAfter: string[] = [];
      for (let round = 0; round < 5; round++) {
        await settled();
        seenAfter.push(seen.join(''));
        release();
      }
      expect(seenAfter).toEqual(['a', 'ab', 'abc', 'abcd', 'abcd']);
    });
  }

  it('should not stop anything when it is released inside the same handler', async () => {
    const { coded, raw } = await codedWorld();
    const { seen } = holding(coded.receive$, () => {
      coded.flow.hold().release();
      return undefined;
    });
    raw.send('a;b;c;');
    await settled();
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('should stop until the answer has been sent', async () => {
    const { coded, raw, heard } = await codedWorld();
    const { seen, release } = holding(coded.receive$, (word) => {
      coded.send(word);
      return coded.flow.hold();
    });
    coded.sent$.subscribe(() => release());
    raw.send('a;b;c;d;');
    await settled();
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    expect(heard.text).toBe('a;b;c;d;');
  });

  it('should go on when an observer of the pauses releases it', async () => {
    const { coded, raw } = await codedWorld();
    const { seen, release } = holding(coded.receive$, () => coded.flow.hold());
    coded.flow.paused$.subscribe((paused) => paused && release());
    raw.send('a;b;c;d;');
    await settled();
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('should stop a component that reads all connections', async () => {
    const { server, coded, raw } = await codedWorld();
    const seen: string[] = [];
    let hold: Hold | undefined;
    server.receive$.subscribe(({ data, connection }) => {
      seen.push(data);
      if (data === 'b') hold = connection.flow.hold();
    });
    raw.send('a;b;c;d;');
    await settled();
    expect([...seen, coded.reading]).toEqual(['a', 'b', false]);
    raw.send('e;');
    await settled();
    hold?.release();
    await settled();
    expect([...seen, coded.reading]).toEqual(['a', 'b', 'c', 'd', 'e', true]);
  });

  it('should keep the messages in front of a fault', async () => {
    const { coded, raw } = await codedWorld();
    const { seen, release } = holding(coded.receive$, (word) =>
      word === 'a' ? coded.flow.hold() : undefined,
    );
    raw.send('a;b;c;!;d;');
    await settled();
    expect(seen).toEqual(['a']);
    release();
    await settled();
    expect(seen).toEqual(['a', 'b', 'c', 'ERR_FRAME_DATA']);
    expect(coded.finished).toMatchObject({ reason: 'protocol' });
  });

  it('should keep what was received before the end of the peer, and let it be answered', async () => {
    const { coded, raw, heard } = await codedWorld();
    const log: string[] = [];
    let hold: Hold | undefined;
    coded.receive$.subscribe({
      next: (word) => {
        log.push(word);
        if (word === 'a') hold = coded.flow.hold();
        coded.send(`re ${word}`);
      },
      complete: () => coded.send('bye'),
    });
    raw.send('a;b;');
    raw.end();
    await settled();
    hold?.release();
    await settled();
    expect(log).toEqual(['a', 'b']);
    expect(heard).toEqual({ text: 're a;re b;bye;', ending: 'complete' });
    expect(coded.finished).toMatchObject({ reason: 'peer' });
  });

  it('should not hide a fault when the component stops meanwhile', async () => {
    const { server, coded, raw, heard } = await codedWorld();
    const { seen } = holding(coded.receive$, (word) => {
      coded.send(word);
      return coded.flow.hold();
    });
    raw.send('a;b;!;');
    await settled();
    expect(await server.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    await settled();
    expect(seen.length).toBe(2);
    expect(heard).toEqual({ text: 'a;', ending: 'complete' });
  });

  it('should be able to end what it has kept', async () => {
    const { coded, raw } = await codedWorld();
    const { seen, release } = holding(coded.receive$, (word) => {
      if (word === 'b') coded.disconnect();
      return coded.flow.hold();
    });
    raw.send('a;b;c;!;');
    await settled();
    release();
    release();
    await settled();
    expect(seen).toEqual(['a', 'b', '|']);
    expect(coded.finished).toMatchObject({ reason: 'local', error: undefined });
  });

  it('should be released by somebody who subscribes inside a handler', async () => {
    const { server, coded, raw } = await codedWorld();
    const seen: string[] = [];
    coded.receive$.subscribe((word) => {
      const hold = coded.flow.hold();
      seen.push(word);
      if (word === 'b') server.receive$.subscribe(({ data }) => seen.push(`component ${data}`));
      queueMicrotask(() => hold.release());
    });
    raw.send('a;b;c;d;');
    await settled();
    expect(seen).toEqual(['a', 'b', 'component b', 'c', 'component c', 'd', 'component d']);
  });

  it('should not keep what was received from an end of our own', async () => {
    const { coded, raw } = await codedWorld();
    const { seen, release } = holding(coded.receive$, () => coded.flow.hold());
    raw.send('a;b;');
    await settled();
    coded.disconnect();
    release();
    await settled();
    expect(seen).toEqual(['a', '|']);
  });
});

describe('a reader that leaves in the middle of a chunk', () => {
  it('should leave the rest to the next one', async () => {
    const { coded, raw } = await codedWorld();
    const first = logOf(coded.receive$.pipe(take(1)));
    raw.send('a;b;c;');
    await settled();
    raw.send('d;');
    await settled();
    const second = logOf(coded.receive$.pipe(take(2)));
    await settled();
    const third = logOf(coded.receive$);
    await settled();
    expect([first, second, third]).toEqual([['a', '|'], ['b', 'c', '|'], ['d']]);
  });

  it('should leave it to one that comes at once', async () => {
    const { coded, raw } = await codedWorld();
    const log = logOf(coded.receive$.pipe(take(1), repeat()));
    raw.send('a;b;c;');
    raw.send('d;');
    await settled();
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('should leave it to the component', async () => {
    const { server, coded, raw } = await codedWorld();
    const first = logOf(coded.receive$.pipe(take(1)));
    raw.send('a;b;c;');
    await settled();
    const seen: string[] = [];
    server.receive$.pipe(take(1)).subscribe(({ data }) => seen.push(data));
    await settled();
    expect(seen).toEqual(['b']);
    server.receive$.subscribe(({ data }) => seen.push(data));
    raw.send('d;');
    await settled();
    expect(first).toEqual(['a', '|']);
    expect(seen).toEqual(['b', 'c', 'd']);
  });

  it('should find the rest before the end', async () => {
    const { coded, raw } = await codedWorld();
    logOf(coded.receive$.pipe(take(1)));
    raw.send('a;b;c;');
    raw.end();
    await settled();
    const rest = logOf(coded.receive$);
    await settled();
    expect(rest).toEqual(['b', 'c', '|']);
  });

  it('should leave the messages in front of a fault to the next one', async () => {
    const { coded, raw } = await codedWorld();
    logOf(coded.receive$.pipe(take(1)));
    raw.send('a;b;!;');
    await settled();
    const rest = logOf(coded.receive$);
    await settled();
    expect(rest).toEqual(['b', 'ERR_FRAME_DATA']);
  });

  it('should not keep the component from stopping', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ codec: words() } as never);
      const agent = makeAgent();
      agent.receive$.subscribe();
      server.receive$.pipe(take(1)).subscribe();
      expectObservable(server.shutdown$).toBe('20ms r', { r: { closed: 1, forced: 0, dropped: 0 } });
      at('-c 8ms s 9ms x', {
        c: () => agent.connect(1),
        s: () => agent.connections.get(1)?.send('a;b;c;'),
        x: () => server.stop(),
      });
    });
  });

  it('should leave no lease behind', async () => {
    const { coded, raw } = await codedWorld();
    logOf(coded.receive$.pipe(take(1)));
    raw.send('a;bb;cc;');
    await settled();
    expect(coded.flow.holders()).toMatchObject([{ by: 'codec', bytes: 4 }]);
    logOf(coded.receive$);
    await settled();
    expect(coded.flow.items).toBe(0);
  });
});

describe('a fault', () => {
  const cases: [string, string, unknown[], string][] = [
    ['of the peer', 'a;b;!;c;', ['a', 'b', 'ERR_FRAME_DATA'], 'protocol'],
    ['of the codec', 'a;b;?;c;', ['a', 'b', 'ERR_HANDLER'], 'handler'],
  ];
  for (const [name, bytes, expected, reason] of cases) {
    it(`${name} should come after the messages in front of it`, async () => {
      const { server, coded, raw } = await codedWorld();
      const faults = logOf(server.faults$);
      const log = logOf(coded.receive$);
      const ended = endOf(coded);
      raw.send(bytes);
      raw.send('d;');
      const { error } = await ended;
      expect(log).toEqual(expected);
      expect(coded.finished).toMatchObject({ reason, operation: 'receive' });
      expect(coded.lastError).toBe(error);
      expect(faults).toEqual([{ error, connection: coded }]);
      if (reason === 'protocol') expect(error).toBeInstanceOf(ProtocolError);
      else expect(error?.cause).toBeInstanceOf(TypeError);
    });
  }

  it('should be one of the protocol after our side has ended too', async () => {
    const { coded, raw } = await codedWorld({ agent: { halfOpen: true } });
    const log = logOf(coded.receive$);
    const ended = endOf(coded);
    coded.send('a');
    coded.end();
    await settled();
    raw.send('b;!;');
    raw.end();
    expect(await ended).toMatchObject({ reason: 'protocol', error: { code: 'ERR_FRAME_DATA' } });
    expect(log).toEqual(['b', 'ERR_FRAME_DATA']);
  });

  it('should be found in an answer that is cut short after our side has ended', async () => {
    const { coded, raw } = await codedWorld({ agent: { halfOpen: true } });
    const log = logOf(coded.receive$);
    const ended = endOf(coded);
    coded.send('a');
    coded.end();
    await settled();
    raw.send('answ');
    raw.end();
    expect(await ended).toMatchObject({ reason: 'protocol', error: { code: 'ERR_FRAME_TRUNCATED' } });
    expect(log).toEqual(['ERR_FRAME_TRUNCATED']);
  });

  it('should not matter behind the message whose handler disconnects', async () => {
    for (const bytes of ['a;!;', 'a;?;', 'a;b']) {
      const { server, coded, raw } = await codedWorld();
      const faults = logOf(server.faults$);
      const log: unknown[] = [];
      coded.receive$.subscribe({
        next: (word) => {
          log.push(word);
          coded.disconnect();
        },
        error: (error: unknown) => log.push(nameOf(error)),
        complete: () => log.push('|'),
      });
      raw.send(bytes);
      raw.end();
      await settled();
      expect(log).toEqual(['a', '|']);
      expect(coded.finished).toMatchObject({ reason: 'local', error: undefined });
      expect(faults).toEqual([]);
    }
  });

  it('should not matter behind the message whose handler throws', async () => {
    const { server, coded, raw } = await codedWorld();
    server.faults$.subscribe();
    coded.receive$.subscribe(() => {
      throw new Error('sorry');
    });
    raw.send('a;!;');
    await settled();
    expect(coded.finished).toMatchObject({ reason: 'handler', error: { code: 'ERR_HANDLER' } });
  });

  it('should end a component that nobody told of errors in no other way', async () => {
    const { server, raw, coded } = await codedWorld();
    const seen: string[] = [];
    server.receive$.subscribe(({ data }) => seen.push(data));
    const ended = endOf(coded);
    raw.send('a;!;');
    expect((await ended).reason).toBe('protocol');
    expect(seen).toEqual(['a']);
    expect(server.state).toBe('started');
  });
});

describe('a stream that ends within a message', () => {
  const cases: ['error' | 'drop' | 'emit', unknown[], string][] = [
    ['error', ['a', 'ERR_FRAME_TRUNCATED'], 'protocol'],
    ['drop', ['a', '|'], 'peer'],
    ['emit', ['a', 'b', '|'], 'peer'],
  ];
  for (const [tail, expected, reason] of cases) {
    it(`should be treated as the codec says: ${tail}`, async () => {
      const { coded, raw, heard } = await codedWorld({ server: { codec: words({ tail }) } });
      const log = logOf(coded.receive$);
      coded.receive$.subscribe({ next: (word) => coded.send(word), error: () => undefined });
      const ended = endOf(coded);
      raw.send('a;b');
      raw.end();
      expect((await ended).reason).toBe(reason);
      expect(log).toEqual(expected);
      await settled();
      expect(heard).toEqual({ text: tail === 'emit' ? 'a;b;' : 'a;', ending: 'complete' });
    });
  }

  it('should not be a fault when the connection fails', async () => {
    const { coded, raw } = await codedWorld();
    const log = logOf(coded.receive$);
    raw.send('a;b');
    await settled();
    raw.reset();
    await settled();
    expect(log).toEqual(['a', 'ECONNRESET']);
    expect(coded.finished?.reason).toBe('reset');
  });

  it('should not be a fault when we are the ones who end it', async () => {
    const { coded, raw } = await codedWorld();
    const log = logOf(coded.receive$);
    raw.send('a;b');
    await settled();
    coded.disconnect();
    await settled();
    expect(log).toEqual(['a', '|']);
    expect(coded.finished?.reason).toBe('local');
  });
});

describe('an exception of a handler', () => {
  it('should drop the rest', async () => {
    const { server, coded, raw } = await codedWorld();
    server.faults$.subscribe();
    const seen: string[] = [];
    coded.receive$.subscribe((word) => {
      seen.push(word);
      if (word === 'b') throw new Error('sorry');
    });
    raw.send('a;b;c;');
    await settled();
    expect(seen).toEqual(['a', 'b']);
    expect(coded.finished).toMatchObject({ reason: 'handler', error: { code: 'ERR_HANDLER' } });
  });

  it('should drop the rest when the component has the handler', async () => {
    const { server, coded, raw } = await codedWorld();
    server.faults$.subscribe();
    const seen: string[] = [];
    server.receive$.subscribe(({ data }) => {
      seen.push(data);
      if (data === 'b') throw new Error('sorry');
    });
    raw.send('a;b;c;');
    await settled();
    expect(seen).toEqual(['a', 'b']);
    expect(coded.finished).toMatchObject({ reason: 'handler' });
  });

  it('should drop what waited for the end of a hold', async () => {
    const { server, coded, raw } = await codedWorld();
    server.faults$.subscribe();
    const { seen, release } = holding(coded.receive$, (word) => {
      if (word === 'b') throw new Error('sorry');
      return coded.flow.hold();
    });
    raw.send('a;b;c;');
    await settled();
    release();
    await settled();
    expect(seen).toEqual(['a', 'b', 'ERR_HANDLER']);
  });
});

describe('a stack of codecs', () => {
  const stacked = async () => {
    const world = await codedWorld();
    return { ...world, top: world.coded.through(numbers()) };
  };

  it('should receive in order through all of them', async () => {
    const { top, raw } = await stacked();
    const log = logOf(top.receive$);
    raw.send('1,2;3;4,');
    raw.send('5;');
    await settled();
    expect(log).toEqual([1, 2, 3, 4, 5]);
  });

  it('should stop after the message whose handler holds', async () => {
    const { top, raw } = await stacked();
    const seen: number[] = [];
    const holds: Hold[] = [];
    top.receive$.subscribe((number) => {
      seen.push(number);
      holds.push(top.flow.hold());
    });
    raw.send('1,2;3;4,5,6;7;');
    await settled();
    raw.send('8;');
    for (let count = 1; count < 9; count++) {
      await settled();
      expect(seen.length).toBe(count);
      holds.shift()?.release();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('should leave the rest to the next reader', async () => {
    const { top, raw } = await stacked();
    const all: unknown[] = [];
    raw.send('1,2;3;4,5,6;7;');
    for (let count = 0; count < 7; count++) {
      top.receive$.pipe(take(1)).subscribe((number) => all.push(number));
      await settled();
    }
    expect(all).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(top.flow.items).toBe(0);
  });

  it('should end in order', async () => {
    const { top, raw } = await stacked();
    const log = logOf(top.receive$.pipe(toArray()));
    raw.send('1,2;3;');
    raw.end();
    await settled();
    expect(log).toEqual([[1, 2, 3], '|']);
  });

  it('should fail for any of them', async () => {
    for (const bytes of ['1,2,x;3;', '1,2;!;3;']) {
      const { top, coded, raw, heard } = await stacked();
      const log = logOf(top.receive$.pipe(tap((number) => top.send(number))));
      const ended = endOf(coded);
      raw.send(bytes);
      expect((await ended).reason).toBe('protocol');
      expect(log).toEqual([1, 2, 'ERR_FRAME_DATA']);
      await settled();
      expect(heard.text).toBe('1;2;');
    }
  });

  it('should notice a cut message behind what a hold has kept', async () => {
    const { coded, raw } = await codedWorld({ server: { codec: words() } });
    const pairs = {
      decoder: () => {
        let first: string | undefined;
        return {
          get residue() {
            return first === undefined ? 0 : 1;
          },
          push: (word: string, emit: (pair: string) => void) => {
            if (first === undefined) {
              first = word;
            } else {
              const pair = first + word;
              first = undefined;
              emit(pair);
            }
          },
          end: (emit: (pair: string) => void) => {
            if (first !== undefined) emit(`${first}-`);
          },
        };
      },
      encoder: () => ({ push: (pair: string, emit: (word: string) => void) => emit(pair) }),
    };
    const { seen, release } = holding(coded.through(pairs).receive$, (pair) =>
      pair === 'ab' ? coded.flow.hold() : undefined,
    );
    raw.send('a;b;c;');
    raw.end();
    await settled();
    release();
    await settled();
    expect(seen).toEqual(['ab', 'c-', '|']);
  });
});

describe('order', () => {
  it('should be kept whatever readers and holds do', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      let state = seed;
      const random = (below: number) => {
        state = (state * 48271) % 0x7fffffff;
        return state % below;
      };
      const { coded, raw } = await codedWorld({ network: { readSize: 1 + random(12) } });
      const seen: string[] = [];
      const expected: string[] = [];
      const holds: Hold[] = [];
      const read = (source: Words) => {
        source.receive$.pipe(take(1 + random(4))).subscribe((word) => {
          seen.push(word);
          if (random(3) === 0) holds.push(coded.flow.hold());
          if (random(5) === 0) holds.pop()?.release();
        });
      };
      for (let round = 0; round < 40; round++) {
        if (round < 20) {
          const word = String(round);
          raw.send(`${word};${word}+;`);
          expected.push(word, `${word}+`);
        }
        if (random(2) === 0) read(coded);
        if (random(2) === 0) holds.pop()?.release();
        if (random(3) === 0) await settled();
      }
      for (const hold of holds.splice(0)) hold.release();
      for (let round = 0; round < 100 && new Set(seen).size < expected.length; round++) {
        read(coded);
        await settled();
        for (const hold of holds.splice(0)) hold.release();
      }
      expect([...new Set(seen)]).toEqual(expected);
      coded.disconnect(true);
    }
  });
});
