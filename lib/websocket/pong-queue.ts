import { MAX_CONTROL } from './opcode.ts';

/** Pings that are answered one by one, of those that come at once. */
const ONE_BY_ONE = 16;

/**
 * Decides which pings are answered (RFC 6455 section 5.5.3): each, as long as they are few and the peer reads what it is
 * sent; otherwise the latest, when there is time. So a flood of pings costs what one does.
 */
export class PongQueue {
  private answered = 0;
  private latest: Buffer | undefined = undefined;
  private length = -1;

  /** Takes a ping; answers whether it is to be answered at once. */
  take(data: Buffer, isBehind: boolean): boolean {
    if (!isBehind && this.answered < ONE_BY_ONE) {
      this.answered++;
      this.length = -1;
      return true;
    }
    this.latest ??= Buffer.allocUnsafeSlow(MAX_CONTROL);
    data.copy(this.latest);
    this.length = data.length;
    return false;
  }

  /** Others may be answered one by one again. */
  renew(): void {
    this.answered = 0;
  }

  /** Takes out the latest ping that has not been answered; `undefined` if there is none. */
  takeLatest(): Buffer | undefined {
    const { latest, length } = this;
    if (latest === undefined || length < 0) return undefined;
    this.length = -1;
    return latest.subarray(0, length);
  }
}
