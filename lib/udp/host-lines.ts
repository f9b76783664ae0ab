import { Subscription } from 'rxjs';
import { NetworkError, systemError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Candidate } from '../transport/race.ts';
import { resolve } from '../transport/resolve.ts';
import type { Lookup } from '../transport/wire.ts';

/** What waits for the addresses of one host. */
interface Line<T> {
  readonly items: Fifo<T>;
  readonly lookup: Subscription;
}

/** Told how looking a host up has ended, for all that waited for it; never from inside a call of {@link HostLines}. */
export interface HostLinesOwner<T> {
  found(items: readonly T[], addresses: readonly Candidate[]): void;
  notFound(items: readonly T[], error: NetworkError): void;
}

/** What waits for the addresses of its host: one line per host, so that what is sent to one stays in order. */
export class HostLines<T> {
  private readonly lines = new Map<string, Line<T>>();
  private readonly lookup: Lookup | undefined;
  private readonly owner: HostLinesOwner<T>;

  constructor(lookup: Lookup | undefined, owner: HostLinesOwner<T>) {
    this.lookup = lookup;
    this.owner = owner;
  }

  /** Puts an item at the end of the line of its host, which is looked up unless it is being looked up already. */
  push(host: string, item: T): void {
    const known = this.lines.get(host);
    if (known === undefined) this.begin(host, item);
    else known.items.push(item);
  }

  /** Removes and returns the first item of the line that has waited longest; `undefined` when nothing waits. */
  shift(): T | undefined {
    for (const { items } of this.lines.values()) if (items.length > 0) return items.shift();
    return undefined;
  }

  /** Gives up all lines, and answers with what was in them. */
  clear(): T[] {
    const lines = [...this.lines.values()];
    this.lines.clear();
    return lines.flatMap(({ items, lookup }) => {
      lookup.unsubscribe();
      return items.clear();
    });
  }

  private begin(host: string, item: T): void {
    const { owner } = this;
    const line = { items: new Fifo<T>(), lookup: new Subscription() };
    line.items.push(item);
    this.lines.set(host, line);
    const ended = (tell: (items: readonly T[]) => void) => {
      if (this.lines.get(host) !== line) return; // a resolver that answers twice
      this.lines.delete(host);
      tell(line.items.clear());
    };
    resolve(
      host,
      this.lookup,
      line.lookup,
      (error) => ended((items) => owner.notFound(items, notFound(error, host))),
      (addresses) => ended((items) => owner.found(items, addresses)),
    );
  }
}

/** The error of a resolver, whose text may not say what it was asked for. */
function notFound(cause: unknown, host: string): NetworkError {
  const { code, message } = systemError(cause, 'send');
  const text = message.slice(`${code}: `.length);
  return new NetworkError(code, text.includes(host) ? text : `${host}: ${text}`, {
    operation: 'send',
    cause,
  });
}
