import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../../lib/base/errors.ts';
import { ServerNames } from '../../../lib/transport/tls/server-names.ts';

const BOUND = [
  'example.org',
  '*.example.org',
  'shop.example.org',
  '*.eu.example.org',
  'bücher.example',
  'a_b.c-d.e',
];

describe('ServerNames', () => {
  it.each<[name: string, pattern: string | undefined, withoutSubdomains: string | undefined]>([
    ['example.org', 'example.org', 'example.org'],
    ['EXAMPLE.Org', 'example.org', 'example.org'],
    ['example.org.', 'example.org', 'example.org'],
    ['shop.example.org', 'shop.example.org', 'shop.example.org'],
    ['www.example.org', '*.example.org', '*.example.org'],
    ['WWW.EXAMPLE.ORG.', '*.example.org', '*.example.org'],
    ['eu.example.org', '*.example.org', '*.example.org'],
    ['a.eu.example.org', '*.eu.example.org', '*.eu.example.org'],
    ['b.a.eu.example.org', 'example.org', undefined], // no star is for two labels
    ['a.www.example.org', 'example.org', undefined],
    ['a.shop.example.org', 'shop.example.org', undefined],
    ['b.a.shop.example.org', 'shop.example.org', undefined],
    ['bücher.example', 'bücher.example', 'bücher.example'],
    ['BÜCHER.example', 'bücher.example', 'bücher.example'],
    ['xn--bcher-kva.example', 'bücher.example', 'bücher.example'],
    ['fünf.bücher。example', 'bücher.example', undefined],
    ['a_b.c-d.e', 'a_b.c-d.e', 'a_b.c-d.e'],
    ['org', undefined, undefined],
    ['example.com', undefined, undefined],
    ['notexample.org', undefined, undefined],
    ['example.org.evil.com', undefined, undefined],
  ])('should find for %s what is bound to %s', (name, pattern, strict) => {
    expect(table().find(name)).toBe(pattern);
    expect(table({ matchSubdomains: false }).find(name)).toBe(strict);
  });

  it.each([
    '',
    '.',
    '..',
    '...',
    'localhost',
    '__proto__',
    'constructor',
    'toString',
    '__proto__.',
    '.example.org',
    'www..example.org',
    'example.org..',
    '..example.org',
    '*.example.org',
    'a.*.example.org',
    '*.*.example.org',
    '*.eu.example.org',
    '*',
    '\0',
    'bücher.example/',
    'bücher.example:1',
    `${'a'.repeat(250)}.example.org`,
    'a.'.repeat(127) + 'é'.repeat(10),
    'é'.repeat(100_000),
    `${'.'.repeat(100_000)}example.org`,
  ])('should find nothing for %j', (name) => {
    expect(table().find(name)).toBeUndefined();
  });

  it('should find names of the greatest depth', () => {
    const names = table();
    expect(names.find(`${'a.'.repeat(122)}example.org`)).toBe('example.org');
    expect(names.find(`${'a.'.repeat(122)}example.com`)).toBeUndefined();
  });

  it('should find nothing that is not text', () => {
    for (const other of [undefined, null, 1, {}, ['example.org']]) {
      expect(table().find(other as string)).toBeUndefined();
    }
  });

  it.each<[pattern: string]>([
    [''],
    ['.'],
    ['*'],
    ['*.'],
    ['localhost'],
    ['localhost.'],
    ['.example.org'],
    ['example..org'],
    ['example.org..'],
    ['a.*.org'],
    ['www*.example.org'],
    ['*.*.org'],
    ['*a.example.org'],
    ['127.0.0.1'],
    ['127.1'],
    ['0x7f.0x1'],
    ['1.2.3.4.'],
    ['１.２.３.４'],
    ['*.0.0.1'],
    ['::1'],
    ['[::1]'],
    ['::ffff:1.2.3.4'],
    ['fe80::1%eth0.1'],
    ['exa mple.org'],
    ['example.org:443'],
    ['https://example.org'],
    ['bücher.example/path'],
    ['bücher.example?'],
    ['b%c3%bccher.example'],
    ['-a.org'],
    ['a-.org'],
    [`${'a'.repeat(64)}.org`],
    [`${'a.'.repeat(127)}org`],
    ['example.org\0'],
  ])('should refuse the pattern %j', (pattern) => {
    const names = new ServerNames<number>();
    const error = caught(() => names.set(pattern, 1, 'tls.names'));
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ code: 'ERR_OPTION', option: 'tls.names', value: pattern });
    expect((error as Error).message).toContain('tls.names must be a host name with a dot in it');
    expect(names.get(pattern)).toBeUndefined();
    expect(names.delete(pattern)).toBe(false);
    expect(names.size).toBe(0);
  });

  it('should refuse a pattern that is not text', () => {
    const names = new ServerNames<number>();
    expect(caught(() => names.set(undefined as unknown as string, 1))).toMatchObject({ option: 'pattern' });
  });

  it('should accept labels of 63 characters, and stars in short names', () => {
    const names = new ServerNames<number>();
    const long = `${'a'.repeat(63)}.org`;
    names.set(long, 1);
    names.set('*.test', 2);
    names.set('1.2.3.a4', 3);
    names.set('__proto__.org', 4);
    expect([long, 'b.test', '1.2.3.a4', '__proto__.org'].map((name) => names.find(name))).toEqual([
      1, 2, 3, 4,
    ]);
    expect(names.find('test')).toBeUndefined();
    expect(names.find('c.b.test')).toBeUndefined();
  });

  it('should hold values that are false', () => {
    const names = new ServerNames<unknown>();
    names.set('zero.org', 0);
    names.set('null.org', null);
    names.set('*.zero.org', '');
    expect(['zero.org', 'null.org', 'a.zero.org', 'b.a.zero.org'].map((name) => names.find(name))).toEqual([
      0,
      null,
      '',
      0,
    ]);
  });

  it('should replace, get, remove and list patterns', () => {
    const names = new ServerNames<number>();
    names.set('B.org', 1);
    names.set('*.B.org.', 2);
    names.set('bücher.example', 3);
    names.set('b.ORG.', 4);
    expect(names.size).toBe(3);
    expect([...names.patterns()]).toEqual(['b.org', '*.b.org', 'xn--bcher-kva.example']);
    expect([...names]).toEqual([
      ['b.org', 4],
      ['*.b.org', 2],
      ['xn--bcher-kva.example', 3],
    ]);
    expect([names.get('B.ORG'), names.get('*.b.org'), names.get('a.b.org')]).toEqual([4, 2, undefined]);
    expect(names.delete('BÜCHER.EXAMPLE')).toBe(true);
    expect(names.delete('bücher.example')).toBe(false);
    expect(names.delete('*.b.org')).toBe(true);
    expect(names.find('a.b.org')).toBe(4); // as a subdomain
    expect(names.delete('b.org')).toBe(true);
    expect(names.find('a.b.org')).toBeUndefined();
    expect(names.size).toBe(0);
  });

  it('should find what trying every pattern finds', () => {
    const label = fc.constantFrom('a', 'b', 'C', '__proto__');
    const host = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join('.'));
    const pattern = fc.tuple(fc.boolean(), host).map(([wild, name]) => (wild ? `*.${name}` : name));
    const change = fc.tuple(fc.constantFrom('set', 'set', 'delete'), pattern);
    const run = (changes: [string, string][], queries: string[], matchSubdomains: boolean) => {
      const names = new ServerNames<number>({ matchSubdomains });
      const model: Record<string, number> = Object.create(null) as Record<string, number>;
      changes.forEach(([kind, changed], index) => {
        const key = changed.toLowerCase();
        if (kind === 'set') {
          names.set(changed, index);
          model[key] = index;
        } else {
          expect(names.delete(changed)).toBe(key in model);
          // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
          delete model[key];
        }
      });
      expect(Object.fromEntries(names)).toEqual(Object.fromEntries(Object.entries(model)));
      for (const query of queries) expect(names.find(query)).toBe(modelled(model, query, matchSubdomains));
    };
    const changes = fc.array(change, { maxLength: 12 });
    fc.assert(fc.property(changes, fc.array(host, { maxLength: 6 }), fc.boolean(), run), { numRuns: 500 });
  });
});

/** Tries every pattern and takes the one that fits best. */
function modelled(
  model: Record<string, number>,
  query: string,
  matchSubdomains: boolean,
): number | undefined {
  const name = query.toLowerCase();
  let best: { rank: number; value: number } | undefined;
  for (const [pattern, value] of Object.entries(model)) {
    const parent = name.split('.').slice(1).join('.');
    const isBelow = !pattern.startsWith('*') && name.endsWith(`.${pattern}`);
    const rank =
      pattern === name
        ? 1000
        : pattern === `*.${parent}`
          ? 999
          : isBelow && matchSubdomains
            ? pattern.length
            : 0;
    if (rank > (best?.rank ?? 0)) best = { rank, value };
  }
  return best?.value;
}

/** A table in which every pattern answers with itself. */
function table(options?: { matchSubdomains: boolean }): ServerNames<string> {
  const names = new ServerNames<string>(options);
  for (const pattern of BOUND) names.set(pattern, pattern);
  return names;
}

function caught(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
