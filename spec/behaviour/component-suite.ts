import { describe } from '@jest/globals';
import { connectingBehaviour } from './parts/connecting.ts';
import { endingBehaviour } from './parts/ending.ts';
import { eventBehaviour } from './parts/events.ts';
import { failingBehaviour } from './parts/failing.ts';
import { fileBehaviour } from './parts/files.ts';
import { flowBehaviour } from './parts/flow.ts';
import { handlerBehaviour } from './parts/handlers.ts';
import { limitBehaviour } from './parts/limits.ts';
import { receivingBehaviour } from './parts/receiving.ts';
import { sendingBehaviour } from './parts/sending.ts';
import { startingBehaviour } from './parts/starting.ts';
import { stoppingBehaviour } from './parts/stopping.ts';
import { type Wiring, World } from './world.ts';

export type { Wiring };

/**
 * What every component does on every kind of wire, and in what order its events come.
 *
 * @param makeWiring Says how components get such wires; see {@link Wiring}.
 */
export function componentSuite(name: string, makeWiring: () => Wiring): void {
  describe(`components on ${name}`, () => {
    const parts = {
      events: eventBehaviour,
      connecting: connectingBehaviour,
      receiving: receivingBehaviour,
      sending: sendingBehaviour,
      'sending files': fileBehaviour,
      'flow control': flowBehaviour,
      ending: endingBehaviour,
      failing: failingBehaviour,
      handlers: handlerBehaviour,
      starting: startingBehaviour,
      stopping: stoppingBehaviour,
      limits: limitBehaviour,
    };
    const world = new World(makeWiring());
    for (const [part, behaviour] of Object.entries(parts)) {
      // A codec makes one message of a file; coded-connection-spec says how.
      if (behaviour === fileBehaviour && world.wiring.server.codec !== undefined) continue;
      describe(part, () => behaviour(world));
    }
  });
}
