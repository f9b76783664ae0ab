import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatHttpDate, HttpClock, parseHttpDate } from '../../lib/http/date.ts';

/** The example of RFC 9110 section 5.6.7. */
const EXAMPLE = 784_111_777_000;
const NOW = Date.UTC(2026, 10, 23);

describe('dates of HTTP', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'should be read in the form %s',
    (text) => {
      expect(parseHttpDate(text, NOW)).toBe(EXAMPLE);
    },
  );

  it('should be written as IMF-fixdate, and read again', () => {
    expect(formatHttpDate(EXAMPLE + 999)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    const last = Date.UTC(9999, 11, 31, 23, 59, 59);
    expect(formatHttpDate(last)).toBe('Fri, 31 Dec 9999 23:59:59 GMT');
    const seconds = fc.integer({ min: -62_167_219_200, max: last / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        expect(parseHttpDate(formatHttpDate(second * 1000), NOW)).toBe(second * 1000);
      }),
    );
  });

  it('should refuse to write what has no four-digit year', () => {
    for (const time of [NaN, Infinity, Date.UTC(10_000, 0, 1), -62_167_219_200_001]) {
      expect(() => formatHttpDate(time)).toThrow(RangeError);
    }
  });

  it('should take a year of two digits for one that is at most 50 years ahead', () => {
    const yearOf = (digits: string, now: number) => {
      const time = parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now);
      return time === undefined ? undefined : new Date(time).getUTCFullYear();
    };
    expect(yearOf('94', NOW)).toBe(1994);
    expect(yearOf('00', NOW)).toBe(2000);
    expect(yearOf('26', NOW)).toBe(2026);
    expect(yearOf('75', NOW)).toBe(2075);
    expect(yearOf('76', NOW)).toBe(2076);
    expect(yearOf('77', NOW)).toBe(1977);
    // The day decides within the year.
    expect(yearOf('76', Date.UTC(2026, 10, 6, 8, 49, 36))).toBe(1976);
    expect(yearOf('76', Date.UTC(2026, 10, 6, 8, 49, 37))).toBe(2076);
    expect(yearOf('99', Date.UTC(1999, 0, 1))).toBe(1999);
    expect(yearOf('10', Date.UTC(1999, 0, 1))).toBe(2010);
  });

  it.each([
    '',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun Nov 06 08:49:37 GMT 1994',
    '784111777',
    '1994-11-06T08:49:37Z',
  ])('should not be read from %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });

  it('should know leap days and leap seconds', () => {
    expect(parseHttpDate('Thu, 29 Feb 2024 00:00:00 GMT', NOW)).toBe(Date.UTC(2024, 1, 29));
    expect(parseHttpDate('Wed, 29 Feb 2023 00:00:00 GMT', NOW)).toBeUndefined();
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW)).toBe(Date.UTC(2017, 0, 1));
  });
});

describe('HttpClock', () => {
  it('should make its text once a second', () => {
    let now = EXAMPLE;
    const clock = new HttpClock(() => now);
    expect(clock.text()).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    now += 999;
    expect(clock.text()).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    now += 1;
    expect(clock.text()).toBe('Sun, 06 Nov 1994 08:49:38 GMT');
  });

  it('should follow a clock that is put back', () => {
    let now = EXAMPLE;
    const clock = new HttpClock(() => now);
    clock.text();
    now -= 1;
    expect(clock.text()).toBe('Sun, 06 Nov 1994 08:49:36 GMT');
    now = 0;
    expect(clock.text()).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
  });
});
