const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Latest time that has a four-digit year. */
const LATEST = Date.UTC(10_000, 0, 1) - 1;
const MONTH = `(${MONTHS.join('|')})`;
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)';

const FIXED = new RegExp(`^(?:${DAYS.join('|')}), (\\d\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`);
const RFC850 = new RegExp(
  `^(?:Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday), (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} GMT$`,
);
const ASCTIME = new RegExp(`^(?:${DAYS.join('|')}) ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * A time as the fields `Date`, `Last-Modified` and `Expires` have it: an IMF-fixdate (RFC 9110 section 5.6.7). Parts of
 * a second are cut off.
 *
 * @param time Milliseconds since 1970-01-01T00:00Z; years 0 to 9999.
 * @throws RangeError for a time outside these years.
 * @example
 * formatHttpDate(784111777000); // 'Sun, 06 Nov 1994 08:49:37 GMT'
 */
export function formatHttpDate(time: number): string {
  // The standard's own form for UTC is the IMF-fixdate, as long as the year has four digits.
  if (!(time >= -62_167_219_200_000 && time <= LATEST)) {
    throw new RangeError(`a date must lie in the years 0 to 9999, got ${time} ms`);
  }
  return new Date(time).toUTCString();
}

/**
 * Reads a date of HTTP in any of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, the obsolete
 * `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. The name of the day is not compared with the date.
 *
 * @param now Milliseconds since 1970, for years of two digits: what would be more than 50 years ahead of it is past.
 * @returns Milliseconds since 1970, or `undefined` if the text is no such date.
 * @example
 * parseHttpDate('Sun Nov  6 08:49:37 1994', Date.now()); // 784111777000
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const fixed = FIXED.exec(text);
  if (fixed !== null) {
    const [, day, month, year, hour, minute, second] = fixed as unknown as Six;
    return timeOf(Number(year), month, day, hour, minute, second);
  }
  const rfc850 = RFC850.exec(text);
  if (rfc850 !== null) {
    const [, day, month, year, hour, minute, second] = rfc850 as unknown as Six;
    return withCentury(now, Number(year), (full) => timeOf(full, month, day, hour, minute, second));
  }
  const asctime = ASCTIME.exec(text);
  if (asctime === null) return undefined;
  const [, month, day, hour, minute, second, year] = asctime as unknown as Six;
  return timeOf(Number(year), month, day, hour, minute, second);
}

type Six = [string, string, string, string, string, string, string];

/** The latest time with a year of these last two digits that is not more than 50 years ahead. */
function withCentury(
  now: number,
  year: number,
  timeIn: (year: number) => number | undefined,
): number | undefined {
  const limit = new Date(now);
  limit.setUTCFullYear(limit.getUTCFullYear() + 50);
  const newest = limit.getUTCFullYear();
  const full = newest - ((((newest - year) % 100) + 100) % 100);
  const time = timeIn(full);
  return time !== undefined && time > limit.getTime() ? timeIn(full - 100) : time;
}

/** `undefined` for a date that no calendar has. The second may be 60: a leap second. */
function timeOf(
  year: number,
  monthName: string,
  dayText: string,
  hourText: string,
  minuteText: string,
  secondText: string,
): number | undefined {
  const [day, hour, minute, second] = [dayText, hourText, minuteText, secondText].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, MONTHS.indexOf(monthName), day);
  if (date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}

/**
 * The value of `Date` for messages that are made now. The text is made once a second, and as long as it holds, each
 * call answers with the very same string.
 */
export class HttpClock {
  private readonly now: () => number;
  private current = '';
  /** Times in which the text holds, in milliseconds: from, and up to but without. */
  private from = 0;
  private until = 0;

  /** @param now Milliseconds since 1970. It is called for each message, so it should be cheap. */
  constructor(now: () => number) {
    this.now = now;
  }

  /** The present time as an IMF-fixdate. */
  text(): string {
    const time = this.now();
    if (time >= this.until || time < this.from) this.renew(time);
    return this.current;
  }

  private renew(time: number): void {
    this.from = Math.floor(time / 1000) * 1000;
    this.until = this.from + 1000;
    this.current = formatHttpDate(this.from);
  }
}
