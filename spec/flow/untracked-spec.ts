import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import {
  type Observable,
  type OperatorFunction,
  Subject,
  from,
  ignoreElements,
  lastValueFrom,
  of,
} from 'rxjs';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { shed } from '../../lib/flow/shed.ts';
import { toAsyncIterable } from '../../lib/flow/to-async-iterable.ts';
import { type TrackingOptions, type UntrackedDiagnostic, flowConfig } from '../../lib/flow/untracked.ts';
import { afterTest } from '../support/cleanup.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { underGate } from '../support/under-gate.ts';

/** Collects the diagnostics of the present test. */
function diagnostics(): UntrackedDiagnostic[] {
  const seen: UntrackedDiagnostic[] = [];
  const listener = (message: unknown) => void seen.push(message as UntrackedDiagnostic);
  subscribe('hpsocket-rx:untracked', listener);
  afterTest(() => unsubscribe('hpsocket-rx:untracked', listener));
  return seen;
}

/** Every flow-aware operator of this layer, as an operator that passes its values on. */
const operators: Record<string, (options?: TrackingOptions) => OperatorFunction<string, string>> = {
  flowMap: (options) => flowMap((value) => of(value), options),
  flowForEach: (options) => flowForEach(() => undefined, options),
  shed: (options) => shed(options),
  toAsyncIterable: (options) => (source) => from(toAsyncIterable(source, options)),
};

const run = (source: Observable<unknown>) =>
  lastValueFrom(source.pipe(ignoreElements()), { defaultValue: undefined });

describe.each(Object.entries(operators))('%s with values outside an emission', (name, operator) => {
  it('should work as plain RxJS and publish a diagnostic once for each subscription', async () => {
    const seen = diagnostics();
    const source = of('a', 'b', 'c').pipe(operator());
    await run(source);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.operator).toBe(name);
    expect(seen[0]?.advice).toContain('{ gate: connection.flow }');
    await run(source);
    expect(seen).toHaveLength(2);
  });

  it('should publish nothing for values in an emission, nor with a gate of its own', async () => {
    const seen = diagnostics();
    const { gate } = recordedGate();
    await run(of('a', 'b').pipe(underGate(gate), operator({ strictFlow: true })));
    await run(of('a', 'b').pipe(operator({ gate, strictFlow: true })));
    expect(seen).toEqual([]);
  });

  it('should fail when flow is strict for the operator', async () => {
    const seen = diagnostics();
    await expect(run(of('a').pipe(operator({ strictFlow: true })))).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'ERR_UNTRACKED',
      message: expect.stringContaining(`a value reached ${name} untracked`) as unknown,
    });
    expect(seen).toEqual([]);
  });

  it('should fail when flow is strict for the process, unless the operator says otherwise', async () => {
    flowConfig.strictFlow = true;
    afterTest(() => {
      flowConfig.strictFlow = false;
    });
    await expect(run(of('a').pipe(operator()))).rejects.toMatchObject({ code: 'ERR_UNTRACKED' });
    await run(of('a').pipe(operator({ strictFlow: false })));
  });

  it('should leave the source when it fails', async () => {
    const source = new Subject<string>();
    const failing = run(source.pipe(operator({ strictFlow: true })));
    source.next('a');
    await expect(failing).rejects.toMatchObject({ code: 'ERR_UNTRACKED' });
    expect(source.observed).toBe(false);
  });
});
