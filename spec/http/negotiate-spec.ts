import { describe, expect, it } from '@jest/globals';
import { negotiateEncoding } from '../../lib/http/negotiate.ts';

describe('negotiateEncoding', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate, br;q=0.5', 'gzip'],
    ['gzip;q=0.5, deflate; q=0.9', 'deflate'],
    ['gzip ; Q=0.5 , deflate\t;\tq=0.123', 'gzip'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=0.000, deflate;q=0.001', 'deflate'],
    ['*', 'br'],
    ['br;q=0, *', 'gzip'],
    ['gzip;q=0.1, *;q=0.5', 'br'],
    ['*;q=0', undefined],
    ['gzip;q=0, *;q=0', undefined],
    ['*;q=0, gzip', 'gzip'],
    ['identity;q=0', undefined],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['identity, gzip', 'gzip'],
    ['identity, gzip;q=0.9', 'identity'],
    ['identity;q=0.5, *;q=0', 'identity'],
    ['zstd, compress', 'identity'],
    ['gzip;q=2', 'identity'],
    ['gzip;q=0.1234', 'identity'],
    ['gzip;q=', 'identity'],
    ['gzip;level=1', 'identity'],
    ['gz ip, deflate', 'deflate'],
    [', ,gzip,,', 'gzip'],
    ['__proto__, constructor, gzip', 'gzip'],
  ])('should choose for %j: %s', (accepted, coding) => {
    expect(negotiateEncoding(accepted)).toBe(coding);
  });

  it('should choose of what is offered only, the first of equals', () => {
    expect(negotiateEncoding('gzip, br', ['gzip', 'br'])).toBe('gzip');
    expect(negotiateEncoding('gzip, br', ['deflate'])).toBe('identity');
    expect(negotiateEncoding('gzip, br', [])).toBe('identity');
    expect(negotiateEncoding('identity;q=0', [])).toBeUndefined();
    expect(negotiateEncoding('gzip', ['identity', 'gzip'])).toBe('gzip');
  });

  it('should not look at lists for ever', () => {
    expect(negotiateEncoding(`${'a,'.repeat(31)}gzip`)).toBe('gzip');
    expect(negotiateEncoding(`${'a,'.repeat(100_000)}gzip`)).toBe('identity');
    // With more than one look at each character these would take minutes.
    expect(negotiateEncoding(`${'a'.repeat(100_000)};`)).toBe('identity');
    expect(negotiateEncoding(`gzip${' '.repeat(100_000)};${'\t'.repeat(100_000)}x`)).toBe('identity');
  });
});
