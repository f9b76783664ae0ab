import { describe, expect, it } from '@jest/globals';
import { SimulationError, simulate } from '../../lib/testing/simulate.ts';
import type { WireHandler } from '../../lib/transport/wire.ts';
import {
  type Mutation,
  closesTwice,
  doublesAByte,
  dropsAByte,
  endsTooEarly,
  faulty,
  forgetsLeases,
  keepsLeases,
  leavesATimer,
  leavesDeadlines,
  losesTheClose,
  miscountsStops,
  speaksAfterClose,
  swapsChunks,
  withMutation,
} from './mutants.ts';
import { type Tampering, randomScenario } from './scenario.ts';

/** Seeds in which a mistake has to be found. */
const SEEDS = 60;

/** What is complained of with the first seeds, one after the other. */
function complaints(tampering: Tampering): string[] {
  const found: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      simulate({ seed, lastEvents: 0 }, (sim) => randomScenario(sim, tampering));
    } catch (error) {
      expect(error).toBeInstanceOf(SimulationError);
      expect((error as SimulationError).seed).toBe(seed);
      found.push(((error as SimulationError).cause as Error).message);
    }
  }
  return found;
}

const onWires = (fault: (handler: WireHandler) => Partial<WireHandler>, more: Tampering = {}) =>
  complaints({ ...more, options: (_, { network }) => ({ transport: faulty(network, fault) }) });

describe('the checks of the simulation', () => {
  it('should find nothing wrong with what is right', () => {
    expect(complaints({})).toEqual([]);
    expect(onWires(() => ({}))).toEqual([]);
  });

  it('should notice a byte that is lost', () => {
    const found = onWires(dropsAByte);
    expect(found.length).toBeGreaterThan(SEEDS / 2);
    expect(found).toContainEqual(expect.stringMatching(/byte \d+ is wrong/));
  });

  it('should notice that the last bytes are lost', () => {
    const found = onWires(endsTooEarly, { plan: { protocol: 'raw', framing: 0 } });
    expect(found).toContainEqual(expect.stringMatching(/\d+ of \d+ bytes arrived before the end/));
  });

  it('should notice a byte that comes twice', () => {
    const found = onWires(doublesAByte, { plan: { protocol: 'raw', framing: 0 } });
    expect(found.length).toBeGreaterThan(SEEDS / 2);
    expect(found).toContainEqual(expect.stringMatching(/byte \d+ is wrong|more arrived than was sent/));
  });

  it('should notice chunks in the wrong order', () => {
    const found = onWires(swapsChunks);
    expect(found.length).toBeGreaterThan(SEEDS / 2);
    expect(found).toContainEqual(expect.stringMatching(/byte \d+ is wrong/));
  });

  it('should notice a close that is lost', () => {
    const found = onWires(losesTheClose);
    expect(found.length).toBeGreaterThan(SEEDS / 2);
    expect(found).toContainEqual(expect.stringMatching(/not everything has stopped|has not closed/));
  });

  it.each<[string, () => Mutation, RegExp]>([
    ['a second close', () => closesTwice, /close of \d+ when it is closed/],
    ['an event after the close', () => speaksAfterClose, /sent of \d+ when it is closed/],
    ['a lease that is never released', forgetsLeases, /leases are out, and nothing is worked on/],
    ['leases that outlive their connection', () => keepsLeases, /bytes are still leased/],
    ['a timer that is left behind', () => leavesATimer, /timers are left|as late as/],
    ['deadlines that are left behind', () => leavesDeadlines, /timers are left|deadlines are left/],
    ['a stop that counts wrong', () => miscountsStops, /\d+ closed and \d+ forced are not \d+/],
  ])('should notice %s', (_, mutation, complaint) => {
    withMutation(mutation(), () => {
      const found = complaints({});
      expect(found.length).toBeGreaterThan(0);
      expect(found).toContainEqual(expect.stringMatching(complaint));
    });
  });
});
