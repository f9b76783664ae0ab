import { Batch } from '../../lib/framing/batch.ts';
import type { MaskKeys } from '../../lib/websocket/mask-keys.ts';
import type { WsMessage } from '../../lib/websocket/message.ts';
import type { WsRole } from '../../lib/websocket/opcode.ts';
import { type WsSessionOptions, sessionSettings } from '../../lib/websocket/options.ts';
import { WsSession } from '../../lib/websocket/session.ts';
import type { WsClosed, WsOwner } from '../../lib/websocket/session-owner.ts';
import { ONE_KEY } from './wire.ts';

/** A session, and what its owner is told: words, in order. */
export class SessionLog implements WsOwner {
  readonly output = new Batch();
  isBehind = false;
  readonly session: WsSession;
  readonly told: string[] = [];
  ended: WsClosed | undefined = undefined;
  /** Called for each message. */
  onMessage: (message: WsMessage) => void = () => undefined;

  constructor(role: WsRole, options?: WsSessionOptions, keys: MaskKeys = ONE_KEY) {
    this.session = new WsSession({ role, settings: sessionSettings(options), owner: this, now: 0, keys });
  }

  /** What has been put to the output since the last time. */
  sent(): string {
    return Buffer.concat(this.output.take()).toString('hex');
  }

  written(): void {
    this.told.push('written');
  }

  message(message: WsMessage): void {
    this.told.push(`${message.type} ${message.text}`);
    this.onMessage(message);
  }

  ping(data: Buffer): void {
    this.told.push(`ping ${data.toString()}`);
  }

  pong(data: Buffer): void {
    this.told.push(`pong ${data.toString()}`);
  }

  closing(code: number, reason: string): void {
    this.told.push(`closing ${code} ${reason}`);
  }

  end(): void {
    this.told.push('end');
  }

  destroy(): void {
    this.told.push('destroy');
  }

  closed(closed: WsClosed): void {
    this.told.push('closed');
    this.ended = closed;
  }
}
