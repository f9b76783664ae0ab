import { OptionError } from '../base/errors.ts';

/**
 * A function that runs on another thread. Only its text goes there: it sees its argument and what every thread has, but
 * nothing of what stands around it here. What it needs it can take from `process.getBuiltinModule(…)` or `await
 * import(…)`. Instruments for coverage that write into functions break it; then a {@link ModuleTask} is the way.
 */
export type TaskFunction<A, R> = (argument: A) => R | PromiseLike<R>;

/** A function that a module exports, to be run on another thread; see {@link moduleTask}. */
export class ModuleTask<A, R> {
  /** URL of the module. */
  readonly module: string;
  /** Name of the export. */
  readonly name: string;
  /** @internal Only for the types. */
  declare readonly types: TaskFunction<A, R>;

  /** @internal Use {@link moduleTask}. */
  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
}

/** What a pool can run. */
export type PoolTask<A, R> = TaskFunction<A, R> | ModuleTask<A, R>;

/**
 * A task that is a function of a module. Each thread loads the module once, the first time.
 *
 * @param module Where it is: `new URL('./hash.js', import.meta.url)`, or the text of such a URL. A relative path would
 * not say relative to what.
 * @param name Which of its exports.
 * @throws OptionError (`ERR_OPTION`) for what is no URL, and a name that is empty.
 *
 * @example
 * const hash = moduleTask<Uint8Array, string>(new URL('./hash.js', import.meta.url), 'sha256');
 * console.log(await pool.submit(hash, bytes));
 */
export function moduleTask<A, R>(module: URL | string, name = 'default'): ModuleTask<A, R> {
  const href = String(module);
  if (!URL.canParse(href)) throw new OptionError('module', module, 'the URL of a module');
  if (typeof name !== 'string' || name === '') throw new OptionError('name', name, 'the name of an export');
  return new ModuleTask(href, name);
}

/** A task in the form in which it goes to a thread. */
export type TaskMessage = { readonly source: string } | { readonly module: string; readonly name: string };

/**
 * A task for a message.
 *
 * @throws OptionError (`ERR_OPTION`) for what is no task, or a function whose text is not known.
 */
export function taskMessage(task: unknown): TaskMessage {
  const known = messages.get(task as object);
  if (known !== undefined) return known;
  const message = makeMessage(task);
  messages.set(task as object, message);
  return message;
}

/** Messages of the tasks that were used before. */
const messages = new WeakMap<object, TaskMessage>();

function makeMessage(task: unknown): TaskMessage {
  if (task instanceof ModuleTask) return { module: task.module, name: task.name };
  if (typeof task !== 'function') throw new OptionError('task', task, 'a function or a ModuleTask');
  const source = Function.prototype.toString.call(task);
  if (/\{\s*\[native code\]\s*\}$/.test(source))
    throw new OptionError('task', task, 'a function that is neither built in nor bound');
  if (/^class\b/.test(source)) throw new OptionError('task', task, 'a function, not a class');
  return { source };
}

/** Runs a task on this thread. */
export async function runHere(task: PoolTask<unknown, unknown>, argument: unknown): Promise<unknown> {
  if (!(task instanceof ModuleTask)) return task(argument);
  const exports = (await import(task.module)) as Record<string, unknown>;
  const found = exports[task.name];
  if (typeof found !== 'function') throw new TypeError(`${task.module} exports no function ${task.name}`);
  return (found as TaskFunction<unknown, unknown>)(argument);
}
