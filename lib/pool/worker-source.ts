/**
 * What a thread of the pool runs, as text: it begins in the same way from the sources, from what is built of them, from a
 * bundle and under every test runner, where a file beside this one would not be found or not be understood.
 *
 * It says `ready`, and then answers every message: `null` ends it, anything else is a task with its argument.
 */
export const WORKER_SOURCE = `'use strict';
const { parentPort } = require('node:worker_threads');
const { isNativeError } = require('node:util').types;

// esbuild writes calls of it into the text of functions.
globalThis.__name = (func) => func;

const KEPT = 256;
const known = new Map();

function remember(key, value) {
  if (known.size >= KEPT) known.clear();
  known.set(key, value);
  return value;
}

function compile(source) {
  const evaluate = globalThis.eval;
  try {
    return evaluate("'use strict'; (" + source + ')');
  } catch (error) {
    // A method has no form by itself.
    try {
      return Object.values(evaluate("'use strict'; ({" + source + '})'))[0];
    } catch {
      throw error;
    }
  }
}

async function load(module, name) {
  const found = (await import(module))[name];
  if (typeof found !== 'function') throw new TypeError(module + ' exports no function ' + name);
  return found;
}

function run({ source, module, name, argument }) {
  if (source !== undefined) return (known.get(source) ?? remember(source, compile(source)))(argument);
  const key = module + ' ' + name;
  const loaded = known.get(key);
  if (loaded !== undefined) return loaded(argument);
  return load(module, name).then((found) => remember(key, found)(argument));
}

// An error as plain data: copying it as an error would lose its code and whatever else somebody put there.
function describe(error, depth = 0) {
  if (!isNativeError(error)) return { value: copyable(error) };
  const fields = {};
  for (const key of Object.keys(error)) fields[key] = copyable(error[key]);
  const cause = 'cause' in error && depth < 8 ? { cause: describe(error.cause, depth + 1) } : {};
  const { name, message, stack } = error;
  return { name: String(name), message: String(message), stack: String(stack), fields, ...cause };
}

function copyable(value) {
  try {
    return structuredClone(value);
  } catch {
    return String(value);
  }
}

function movable(value) {
  const { buffer = value } = Object(value);
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === value.byteLength;
  return isWhole ? [buffer] : [];
}

function fail(error, isData) {
  parentPort.postMessage({ isData, error: describe(error) });
}

function finish(value, moves) {
  try {
    parentPort.postMessage({ value }, moves ? movable(value) : []);
  } catch (error) {
    fail(error, true);
  }
}

parentPort.on('message', (task) => {
  if (task === null) process.exit();
  try {
    const result = run(task);
    if (typeof Object(result).then !== 'function') finish(result, task.moveResult);
    else result.then((value) => finish(value, task.moveResult), (error) => fail(error, false));
  } catch (error) {
    fail(error, false);
  }
});
parentPort.on('messageerror', (error) => fail(error, true));
parentPort.postMessage('ready');
`;
