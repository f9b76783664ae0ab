import { EMPTY, type ObservableInput, type OperatorFunction, from, ignoreElements } from 'rxjs';
import { type FlowMapOptions, mapWithLeases } from './flow-map.ts';

/**
 * Calls `work` for every value and waits until it is done, pushing back meanwhile; see {@link flowMap}. Emits
 * nothing; completes when the source has completed and all work is done. An error of `work` ends the Observable.
 * Unsubscribing releases all leases; a promise that is already running cannot be stopped.
 *
 * @param work Returns a promise or an Observable to be waited for; any other result means that it is done.
 *
 * @example
 * server.accept$.pipe(handleEach(({ receive$ }) => receive$.pipe(flowForEach((chunk) => file.write(chunk))))).subscribe();
 */
export function flowForEach<T>(
  work: (value: T, index: number) => unknown,
  options: FlowMapOptions<T> = {},
): OperatorFunction<T, never> {
  const project = (value: T, index: number) => {
    const result = work(value, index);
    return isAwaitable(result) ? from(result).pipe(ignoreElements()) : EMPTY;
  };
  return mapWithLeases('flowForEach', project, options);
}

function isAwaitable(result: unknown): result is ObservableInput<unknown> {
  if (typeof result !== 'object' || result === null) return false;
  return 'then' in result || 'subscribe' in result;
}
