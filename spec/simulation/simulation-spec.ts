import { describe, expect, it } from '@jest/globals';
import { simulate } from '../../lib/testing/simulate.ts';
import { randomScenario } from './scenario.ts';

/** Seeds that are tried; more of them with `SIMULATION_SEEDS`, others with `SIMULATION_FIRST`. */
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 4000);
const FIRST = Number(process.env['SIMULATION_FIRST'] ?? 1);

describe('components in random weather', () => {
  it(`should keep their promises with ${SEEDS} seeds`, () => {
    const failures: string[] = [];
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      try {
        simulate({ seed, lastEvents: 30 }, (sim) => randomScenario(sim));
      } catch (error) {
        failures.push((error as Error).message);
        if (failures.length >= 3) break;
      }
    }
    expect(failures).toEqual([]);
  });

  it('should do the same again with the same seed, event by event', () => {
    const run = (seed: number) => simulate({ seed }, (sim) => randomScenario(sim));
    const first = Array.from({ length: 50 }, (_, seed) => run(seed));
    expect(Array.from({ length: 50 }, (_, seed) => run(seed))).toEqual(first);
    expect(new Set(first.map(({ hash }) => hash)).size).toBe(50);
  });
});
