import { afterEach } from '@jest/globals';

const finalizers: (() => unknown)[] = [];

/** Runs something when the present test has ended, however it ends; the last registered runs first. */
export function afterTest(finalizer: () => unknown): void {
  finalizers.push(finalizer);
}

afterEach(async () => {
  for (const finalizer of finalizers.splice(0).reverse()) await finalizer();
});
