import { type Job, dataError, taskError } from './job.ts';
import { type PoolTask, runHere } from './task.ts';
import { taskData } from './task-data.ts';

/**
 * Runs a task on the thread of the caller, at once. Its argument is copied or moved as it would be to another thread, so
 * that a task finds the same wherever it runs; its result is handed on as it is.
 */
export function runByCaller(job: Job): void {
  let argument: unknown;
  try {
    const data = taskData(job.argument, job.settings.transfer);
    argument = structuredClone(data.argument, { transfer: data.transfer as ArrayBuffer[] });
  } catch (cause) {
    job.fail(dataError(cause));
    return;
  }
  runHere(job.task as PoolTask<unknown, unknown>, argument).then(
    (result) => job.done(result),
    (cause: unknown) => job.fail(taskError(cause)),
  );
}
