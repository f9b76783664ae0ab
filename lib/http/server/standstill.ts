import type { Connection } from '../../connection/connection.ts';
import type { Hold } from '../../flow/lease.ts';

/** Why requests are not read on; bits. */
export const BODY_UNREAD = 1;
export const PIPELINE_FULL = 2;
export const UPGRADE_OPEN = 4;
export const CONGESTED = 8;

/** What reads the requests. */
interface Pausable {
  pause(): void;
}

/** Makes the parser of a connection stand still, and the client wait, as long as there is a reason. */
export class Standstill {
  private readonly connection: Connection;
  private readonly parser: Pausable;
  private reasons = 0;
  private hold: Hold | undefined = undefined;

  constructor(connection: Connection, parser: Pausable) {
    this.connection = connection;
    this.parser = parser;
  }

  /** Whether there is any reason. */
  get isOn(): boolean {
    return this.reasons !== 0;
  }

  /** Whether this is one of the reasons. */
  isFor(reason: number): boolean {
    return (this.reasons & reason) !== 0;
  }

  begin(reason: number): void {
    this.reasons |= reason;
    this.parser.pause();
    this.hold ??= this.connection.flow.hold('http');
  }

  /** Takes back reasons. Answers whether it was one of them that was the last: then {@link letGo} is to follow. */
  end(reasons: number): boolean {
    if ((this.reasons & reasons) === 0) return false;
    this.reasons &= ~reasons;
    return this.reasons === 0;
  }

  /** The connection is read again. */
  letGo(): void {
    this.reasons = 0;
    this.hold?.release();
    this.hold = undefined;
  }
}
