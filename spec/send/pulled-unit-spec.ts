import { describe, expect, it } from '@jest/globals';
import { NetworkError } from '../../lib/base/errors.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { PulledUnit } from '../../lib/send/units.ts';
import { BLOCK_SIZE, sendPolicy } from '../../lib/send/send-policy.ts';
import { fakeOutbox } from '../support/fake-sink.ts';
import { difference, pattern } from '../support/patterns.ts';

/** A unit that hands out given blocks; `undefined` is "none yet", `null` the end. */
class Blocks implements PulledUnit {
  readonly log: string[] = [];
  private readonly blocks: (Uint8Array | null | undefined)[];

  constructor(...blocks: (string | Uint8Array | null | undefined)[]) {
    this.blocks = blocks.map((block) => (typeof block === 'string' ? utf8(block) : block));
  }

  add(...blocks: (string | null)[]): void {
    this.blocks.push(...blocks.map((block) => (block === null ? null : utf8(block))));
  }

  pull(): Uint8Array | null | undefined {
    const block = this.blocks.shift();
    this.log.push(
      block == null ? `pull ${block === null ? 'end' : 'nothing'}` : `pull ${toText(block.subarray(0, 9))}`,
    );
    return block;
  }

  taken(bytes: number): void {
    this.log.push(`taken ${bytes}`);
  }

  failed(error: NetworkError): void {
    this.log.push(`failed ${error.code}`);
  }
}

describe.each(['pack', 'safe', 'direct'] as const)('a pulled unit: %s', (name) => {
  const make = (atOnce?: number) =>
    fakeOutbox({ policy: sendPolicy[name](), ...(atOnce === undefined ? {} : { atOnce }) });

  it('should keep its place in the order of sends', () => {
    const { outbox, sink } = make();
    const unit = new Blocks('1', '2', null);
    outbox.send(utf8('before '));
    outbox.sendPulled(unit);
    outbox.send(utf8(' after'));
    outbox.flush();
    expect(sink.text).toBe('before 12 after');
    expect(unit.log.filter((entry) => entry.startsWith('taken'))).toEqual(['taken 1', 'taken 1', 'taken 0']);
  });

  it('should hold back what follows until its bytes are there', () => {
    const { outbox, sink } = make();
    const unit = new Blocks();
    const log: string[] = [];
    outbox.send(utf8('a'));
    outbox.sendPulled(unit);
    outbox.send(utf8('z'));
    outbox.whenSent({ release: () => log.push('sent') });
    outbox.flush();
    expect([sink.text, outbox.isEmpty, log]).toEqual(['a', false, []]);
    unit.add('1');
    outbox.resume();
    outbox.flush();
    expect([sink.text, outbox.isEmpty, log]).toEqual(['a1', false, []]);
    unit.add('2', '3', null);
    outbox.resume();
    outbox.flush();
    expect([sink.text, outbox.isEmpty, log]).toEqual(['a123z', true, ['sent']]);
  });

  it('should be pulled only when there is room', () => {
    const { outbox, sink, take } = make(0);
    const blocks = [pattern(BLOCK_SIZE, 1), pattern(BLOCK_SIZE, 2), pattern(10, 3)];
    const unit = new Blocks(...blocks, null);
    outbox.sendPulled(unit);
    outbox.flush();
    expect(unit.log.filter((entry) => entry.startsWith('pull'))).toHaveLength(1);
    expect(outbox.pending).toBe(BLOCK_SIZE);
    take();
    expect(unit.log.filter((entry) => entry.startsWith('pull'))).toHaveLength(2);
    while (!outbox.isEmpty) take();
    expect(difference(sink.bytes, Buffer.concat(blocks))).toBe('nowhere');
  });

  it('should be told when its bytes have been taken, not before', () => {
    const { outbox, take } = make(0);
    const unit = new Blocks('1234', null);
    outbox.sendPulled(unit);
    outbox.flush();
    take(3);
    expect(unit.log).not.toContain('taken 4');
    take();
    expect(unit.log).toContain('taken 4');
  });

  it('should be told that it failed when the outbox closes half-way', () => {
    const { outbox, sink, take } = make(0);
    const unit = new Blocks('1');
    outbox.sendPulled(unit);
    outbox.flush();
    take();
    outbox.close(new NetworkError('ERR_CLOSED', 'closed'));
    unit.add('2');
    outbox.resume();
    outbox.flush();
    expect(unit.log.at(-1)).toBe('failed ERR_CLOSED');
    expect(sink.text).toBe('1');
  });

  it('should leave no trace when it is empty', () => {
    const { outbox, sink } = make();
    outbox.sendPulled(new Blocks(null));
    outbox.send(utf8('a'));
    outbox.flush();
    expect([sink.text, outbox.isEmpty]).toEqual(['a', true]);
  });
});
