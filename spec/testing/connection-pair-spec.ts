import { describe, expect, it } from '@jest/globals';
import { OptionError } from '../../lib/base/errors.ts';
import { lines } from '../../lib/codec/lines.ts';
import { pack } from '../../lib/codec/pack.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { connectionPair } from '../../lib/testing/connection-pair.ts';
import { spy } from '../../lib/testing/spy.ts';

describe('connectionPair', () => {
  it('should connect two connections with each other', async () => {
    const { near, far, close } = await connectionPair();
    const [nearHeard, farHeard] = [spy(near.receive$), spy(far.receive$)];
    expect([near.state, far.state]).toEqual(['open', 'open']);
    expect([near.local, near.remote]).toEqual([far.remote, far.local]);
    near.send('to far');
    far.send('to near');
    await Promise.all([nearHeard.next(), farHeard.next()]);
    expect([nearHeard.text, farHeard.text]).toEqual(['to near', 'to far']);
    await close();
  });

  it('should give both ends the same codec, and types that follow it', async () => {
    await using pair = await connectionPair({ codec: lines() });
    const near: Connection<string, string> = pair.near;
    const far: Connection<string, string> = pair.far;
    const heard = spy(far.receive$);
    near.send('one', 'two');
    expect(await heard.take(2)).toEqual(['one', 'two']);
  });

  it('should give each end a codec of its own', async () => {
    await using pair = await connectionPair({ near: { codec: lines() }, far: {} });
    const near: Connection<string, string> = pair.near;
    const far: Connection = pair.far;
    const heard = spy(near.receive$);
    far.send('on', 'e\n');
    expect(await heard.next()).toBe('one');
    await using other = await connectionPair({ far: { codec: pack() } });
    // @ts-expect-error PACK does not speak text lines
    const wrong: Connection<string, string> = other.far;
    expect(wrong.state).toBe('open');
  });

  it('should hold back a sender whose peer does not read', async () => {
    await using pair = await connectionPair({ near: { highPending: 100 }, network: { capacity: 10 } });
    expect(pair.near.send('x'.repeat(200))).toBe('congested');
    await Promise.resolve();
    expect(pair.near.bytesOut).toBe(10);
  });

  it('should tell the other end of FIN and of RST', async () => {
    await using pair = await connectionPair({ far: { halfOpen: true } });
    const heard = spy(pair.far.receive$);
    pair.near.end();
    await heard.ended();
    expect(pair.far.state).toBe('open');
    const closed = spy(pair.near.close$);
    const answer = spy(pair.near.receive$);
    pair.far.reset();
    expect(await closed.next()).toMatchObject({ reason: 'reset', error: { code: 'ECONNRESET' } });
    await expect(answer.ended()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('should close in an orderly way, even if nobody reads', async () => {
    const { near, far, close } = await connectionPair({
      near: { markSilence: false },
      far: { markSilence: false },
      network: { capacity: 10 },
    });
    const ends = [spy(near.close$), spy(far.close$)];
    near.send('x'.repeat(200));
    far.flow.hold();
    await close();
    expect(ends.map((end) => end.values.map(({ reason, unsent }) => `${reason} ${unsent}`))).toEqual([
      ['local 0'],
      ['local 0'],
    ]);
    await close();
  });

  it('should leave no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const { near, far, close } = await connectionPair({
      near: { markSilence: false, timeouts: { readIdle: 60_000 } },
      far: { markSilence: false },
    });
    const heard = spy(far.receive$);
    spy(near.receive$);
    near.send('hello');
    await heard.next();
    await close();
    expect(timers()).toBe(before);
    expect([near.state, far.state]).toEqual(['closed', 'closed']);
  });

  it('should refuse illegal options', async () => {
    await expect(connectionPair({ nearer: {} } as object)).rejects.toThrow(OptionError);
    await expect(connectionPair({ near: { bufferSize: 0 } })).rejects.toThrow('bufferSize');
  });
});
