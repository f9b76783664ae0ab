import { expect } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { type MarbleNet, marbleNet } from '../../lib/testing/marble/marble-net.ts';
import type { MarbleNetOptions } from '../../lib/testing/marble/marble-options.ts';

type Helpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

/** Runs a test on a net; answers with the frame of the last thing that happened. */
export function onNet(test: (net: MarbleNet, helpers: Helpers) => void, options?: MarbleNetOptions): number {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => test(marbleNet(helpers, options), helpers));
  return scheduler.frame;
}
