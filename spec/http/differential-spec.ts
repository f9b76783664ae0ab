import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Random } from '../../lib/testing/random.ts';
import { HTTP_TARGETS } from '../fuzz/http-targets.ts';
import { randomInput } from '../fuzz/inputs.ts';
import type { FuzzTarget } from '../fuzz/target.ts';
import { differenceFromNode } from './against-node.ts';
import { OTHER, STRICTER } from './differences.ts';

const KINDS = ['request', 'response'] as const;

interface Fixture {
  readonly type?: string;
  readonly input?: string;
  readonly payload?: string;
}

function inputs(file: string, list: string): { kind: string; bytes: Buffer }[] {
  const path = new URL(`../vectors/${file}`, import.meta.url);
  const all = (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Fixture[]>)[list]!;
  return all.map(({ type = 'request', input, payload }) => ({
    kind: type,
    bytes: Buffer.from(input ?? payload!, 'base64'),
  }));
}

const FIXTURES = [
  ...inputs('llhttp/fixtures.json', 'fixtures'),
  ...inputs('http11probe/cases.json', 'cases'),
];

function compare(bytes: Buffer, kind: (typeof KINDS)[number]) {
  const comparison = differenceFromNode(bytes, kind);
  if (comparison.difference !== undefined) throw new Error(comparison.difference);
  return comparison;
}

describe.each(KINDS)("a parser of %ss and Node's own", (kind) => {
  const target = HTTP_TARGETS.find(({ name }) => name === `http ${kind}s against node`) as FuzzTarget;

  it('should make the same of random messages, or differ as is listed', () => {
    const random = new Random(1);
    let [refused, messages] = [0, 0];
    for (let count = 0; count < 3000; count++) {
      const comparison = compare(Buffer.from(randomInput(target, random)), kind);
      if (comparison.refusal !== undefined) refused++;
      messages += comparison.messages.length;
    }
    expect(refused).toBeGreaterThan(500);
    expect(messages).toBeGreaterThan(1000);
  });

  it('should make the same of fixtures, damaged a little, or differ as is listed', () => {
    const random = new Random(2);
    const bases = FIXTURES.filter((fixture) => fixture.kind === kind);
    for (const { bytes } of bases) {
      compare(bytes, kind);
      const damaged: FuzzTarget = { ...target, frame: () => new Uint8Array(bytes) };
      for (let count = 0; count < 20; count++) compare(Buffer.from(randomInput(damaged, random)), kind);
    }
    expect(bases.length).toBeGreaterThan(30);
  });

  it('should be compared in earnest', () => {
    const text = kind === 'request' ? 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' : 'HTTP/1.1 204 x\r\n\r\n';
    expect(compare(Buffer.from(text.repeat(3)), kind)).toMatchObject({ messages: { length: 3 }, met: [] });
    const refused = kind === 'request' ? 'GET * HTTP/1.1\r\nHost: a\r\n\r\n' : 'HTTP/1.1 200 \x01\r\n\r\n';
    const { met, refusal } = compare(Buffer.from(refused), kind);
    expect(met).toEqual([`refused only by us: ${refusal}`]);
  });
});

describe('differences from Node', () => {
  it('should all have a reason', () => {
    for (const why of [...Object.values(STRICTER), ...OTHER.map(({ why }) => why)])
      expect(why.length).toBeGreaterThan(10);
  });
});
