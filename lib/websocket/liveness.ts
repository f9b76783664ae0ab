/**
 * Knows how long the peer has been silent, by a clock that stands still while we are the ones who do not read.
 *
 * All times are milliseconds of a clock that does not go backwards.
 */
export class Liveness {
  private readonly pingInterval: number;
  private readonly pongTimeout: number;
  /** When something came last; or as if, where time has stood still since. */
  private heardAt: number;
  /** When a ping was sent that nothing has followed; -1 if there is none. */
  private pingedAt = -1;
  private pausedAt = -1;

  /** @param pingInterval 0: no pings, and nobody is taken for dead. */
  constructor(pingInterval: number, pongTimeout: number, now: number) {
    this.pingInterval = pingInterval;
    this.pongTimeout = pongTimeout;
    this.heardAt = now;
  }

  /** When {@link due} has to be asked; `Infinity`: not before something happens. */
  get nextAt(): number {
    if (this.pingInterval === 0 || this.pausedAt >= 0) return Infinity;
    return this.pingedAt < 0 ? this.heardAt + this.pingInterval : this.pingedAt + this.pongTimeout;
  }

  /** Something has come. */
  heard(now: number): void {
    this.heardAt = now;
    this.pingedAt = -1;
  }

  /** What is to be done now. */
  due(now: number): 'nothing' | 'ping' | 'dead' {
    if (now < this.nextAt) return 'nothing';
    if (this.pingedAt >= 0) return 'dead';
    this.pingedAt = now;
    return 'ping';
  }

  /** We have stopped reading. */
  pause(now: number): void {
    if (this.pausedAt < 0) this.pausedAt = now;
  }

  /** We read again: the time in between does not count. */
  resume(now: number): void {
    if (this.pausedAt < 0) return;
    const pause = now - Math.max(this.pausedAt, this.heardAt);
    this.pausedAt = -1;
    if (pause <= 0) return;
    this.heardAt += pause;
    if (this.pingedAt >= 0) this.pingedAt += pause;
  }
}
