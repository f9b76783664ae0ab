import { CLOSE_REASONS } from '../connection/closed.ts';
import type { Address } from '../transport/address.ts';
import { RecordingError } from './recording-error.ts';
import type { RecordedEvent, Recording, RecordingHeader } from './recording.ts';

/** What `format` says in the first line. */
export const RECORDING_FORMAT = 'hpsocket-rx-recording';

type Fields = Record<string, unknown>;

/** Reads a whole recording; see recording.ts for the format. */
export function parseLines(text: string): Recording {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const header = new Line(1, lines[0] ?? '', false).header();
  const mayBeNewer = header.version > 1;
  const events: RecordedEvent[] = [];
  const order = new Order();
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const event = new Line(index + 1, line, mayBeNewer).event();
    if (event === undefined) continue;
    order.check(event, index + 1);
    events.push(event);
  }
  return { ...header, events };
}

/** What may follow what. */
class Order {
  private last = 0;
  private peerEnded = false;
  private over: string | undefined;

  check(event: RecordedEvent, line: number): void {
    const { type, t } = event;
    if (this.over !== undefined) throw new RecordingError(line, `${type} after ${this.over}`);
    if (t < this.last) throw new RecordingError(line, `t is ${t}, which is before ${this.last}`);
    this.last = t;
    if (type === 'close' || type === 'stopped') this.over = type;
    if (type === 'in' && this.peerEnded) throw new RecordingError(line, "in after the peer's end");
    if (type === 'end' && event.direction === 'in') {
      if (this.peerEnded) throw new RecordingError(line, "a second end of the peer's");
      this.peerEnded = true;
    }
  }
}

/** One line under inspection. */
class Line {
  private readonly number: number;
  private readonly fields: Fields;
  /** Whether the writer may know more than we do. */
  private mayBeNewer: boolean;

  constructor(number: number, text: string, mayBeNewer: boolean) {
    this.number = number;
    this.mayBeNewer = mayBeNewer;
    this.fields = this.asObject(this.json(text), 'the line');
  }

  header(): RecordingHeader {
    const { format, version, local, remote, at } = this.fields;
    if (format !== RECORDING_FORMAT)
      this.fail(`format must be ${show(RECORDING_FORMAT)}, got ${show(format)}`);
    if (typeof version !== 'number' || !(version >= 1 && version < 2))
      this.fail(`version must be 1, got ${show(version)}`);
    this.mayBeNewer = version > 1;
    this.onlyKnown(this.fields, ['format', 'version', 'local', 'remote', 'at'], 'the header');
    if (at !== undefined && (typeof at !== 'string' || Number.isNaN(Date.parse(at))))
      this.fail(`at must be a time, got ${show(at)}`);
    return {
      version,
      local: this.address(local, 'local'),
      remote: this.address(remote, 'remote'),
      at,
    };
  }

  /** The event; `undefined` for one that only newer versions know. */
  event(): RecordedEvent | undefined {
    const { fields } = this;
    const [kind, another] = KINDS.filter((name) => Object.hasOwn(fields, name));
    if (kind === undefined) {
      if (this.mayBeNewer) return undefined;
      this.fail(`must have one of ${KINDS.join(', ')}`);
    }
    if (another !== undefined) this.fail(`has both ${kind} and ${another}`);
    this.onlyKnown(fields, ['t', kind], 'the line');
    const { t } = fields;
    if (typeof t !== 'number' || !(t >= 0 && t < Infinity))
      this.fail(`t must be a number from 0, got ${show(t)}`);
    return this.eventOf(kind, fields[kind], t);
  }

  private eventOf(kind: (typeof KINDS)[number], value: unknown, t: number): RecordedEvent {
    switch (kind) {
      case 'in':
      case 'out':
        return { type: kind, t, bytes: this.bytes(value, kind) };
      case 'end':
        return { type: 'end', t, direction: this.oneOf(value, ['in', 'out'], 'end') };
      case 'stopped':
        return { type: 'stopped', t, by: this.oneOf(value, ['maxBytes', 'request'], 'stopped') };
      case 'close':
        return this.close(this.asObject(value, 'close'), t);
    }
  }

  private close(fields: Fields, t: number): RecordedEvent {
    this.onlyKnown(fields, ['reason', 'code'], 'close');
    const { code } = fields;
    if (code !== undefined && typeof code !== 'string') this.fail(`code must be a text, got ${show(code)}`);
    return { type: 'close', t, reason: this.oneOf(fields['reason'], CLOSE_REASONS, 'reason'), code };
  }

  private bytes(value: unknown, name: string): Uint8Array {
    if (typeof value === 'string' && value !== '') {
      const decoded = Buffer.from(value, 'base64');
      if (decoded.toString('base64') === value) return new Uint8Array(decoded);
    }
    return this.fail(`${name} must be bytes in base64, at least one, got ${show(value)}`);
  }

  private address(value: unknown, name: string): Address | undefined {
    if (value === undefined) return undefined;
    const { family, host, port, path } = this.asObject(value, name);
    if (family === 'unix' && typeof path === 'string') return { family, path };
    const isInet = (family === 'IPv4' || family === 'IPv6') && typeof host === 'string';
    if (isInet && typeof port === 'number') return { family, host, port };
    return this.fail(`${name} must be an address, got ${show(value)}`);
  }

  private oneOf<T extends string>(value: unknown, words: readonly T[], name: string): T {
    if (words.includes(value as T)) return value as T;
    return this.fail(`${name} must be one of ${words.join(', ')}, got ${show(value)}`);
  }

  private onlyKnown(fields: Fields, names: readonly string[], where: string): void {
    if (this.mayBeNewer) return;
    const unknown = Object.keys(fields).find((name) => !names.includes(name));
    if (unknown !== undefined) this.fail(`${where} has the unknown field ${show(unknown)}`);
  }

  private json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new RecordingError(this.number, `not JSON: ${show(text)}`, { cause });
    }
  }

  private asObject(value: unknown, what: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
    return this.fail(`${what} must be an object, got ${show(value)}`);
  }

  private fail(what: string): never {
    throw new RecordingError(this.number, what);
  }
}

const KINDS = ['in', 'out', 'end', 'close', 'stopped'] as const;

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
