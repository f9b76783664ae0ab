import { randomBytes } from 'node:crypto';
import type { SchedulerLike } from 'rxjs';
import type { ArqSettings } from '../arq/arq-options.ts';
import { ConversationIds } from '../arq/conversation-ids.ts';
import type { HandshakeHandler, HandshakePeer, Handshaker, Handshaking } from '../transport/handshaker.ts';
import type { Wire } from '../transport/wire.ts';
import { ArqContext } from './arq-context.ts';
import { ArqWire, type DatagramWire } from './arq-wire.ts';

/** No two sessions of a process have the same number, whatever they belong to. */
const ids = new ConversationIds(randomBytes(4).readUInt32LE());

/** Makes sessions reliable, all of one component. */
export class ArqHandshaker implements Handshaker {
  readonly manual = false;
  private readonly context: ArqContext;

  constructor(settings: ArqSettings, scheduler: SchedulerLike) {
    this.context = new ArqContext(settings, scheduler);
  }

  shakeHands(wire: Wire, _: HandshakePeer, handler: HandshakeHandler): Handshaking {
    return new ArqWire(wire as DatagramWire, ids.next(), this.context, handler);
  }
}
