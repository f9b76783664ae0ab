import { getSystemErrorMap } from 'node:util';
import { ERROR_CODES } from '../base/errors.ts';
import { SYS_ERROR_CODES } from './sys-error.ts';

/**
 * The component errors of HP-Socket (`EnSocketError`): number and description of each. The descriptions are the ones
 * that `HP_GetSocketErrorDesc` gives.
 */
export const SOCKET_ERRORS = {
  SE_OK: [0, 'SUCCESS'],
  SE_ILLEGAL_STATE: [1, 'Illegal State'],
  SE_INVALID_PARAM: [2, 'Invalid Parameter'],
  SE_SOCKET_CREATE: [3, 'Create SOCKET Fail'],
  SE_SOCKET_BIND: [4, 'Bind SOCKET Fail'],
  SE_SOCKET_PREPARE: [5, 'Prepare SOCKET Fail'],
  SE_SOCKET_LISTEN: [6, 'Listen SOCKET Fail'],
  SE_CP_CREATE: [7, 'Create IOCP Fail'],
  SE_WORKER_THREAD_CREATE: [8, 'Create Worker Thread Fail'],
  SE_DETECT_THREAD_CREATE: [9, 'Create Detector Thread Fail'],
  SE_SOCKE_ATTACH_TO_CP: [10, 'Attach SOCKET to IOCP Fail'],
  SE_CONNECT_SERVER: [11, 'Connect to Server Fail'],
  SE_NETWORK: [12, 'Network Error'],
  SE_DATA_PROC: [13, 'Process Data Error'],
  SE_DATA_SEND: [14, 'Send Data Fail'],
  SE_GC_START: [15, 'Start GC Fail'],
  SE_SSL_ENV_NOT_READY: [101, 'SSL environment not ready'],
} as const satisfies Record<string, readonly [number: number, description: string]>;

/** Name of a component error of HP-Socket. */
export type SocketErrorName = keyof typeof SOCKET_ERRORS;

const DESCRIPTIONS = new Map<number | string, string>(
  Object.entries(SOCKET_ERRORS).flatMap(([name, [number, text]]) => [
    [name, text] as const,
    [number, text] as const,
  ]),
);

const UNKNOWN = 'UNKNOWN ERROR';

/** What a component error of HP-Socket means, given its number or its name. Twin of `HP_GetSocketErrorDesc`. */
export function describeSocketError(error: SocketErrorName | number): string {
  return DESCRIPTIONS.get(error) ?? UNKNOWN;
}

/**
 * What an error means, in a few words. Twin of `SYS_GetLastErrorStr`, but the error is given: there is no last error of
 * a thread, every call answers with its own.
 *
 * @param error A code of this library (`ERR_TIMEOUT`), a code of the system as name (`ECONNREFUSED`) or number (111 on
 * Linux, negative or not), or an error that has a `code`.
 * @returns The message of an error whose code is none of these; `UNKNOWN ERROR` for anything else.
 *
 * @example
 * connection.close$.subscribe(({ error }) => console.log(error ? describeError(error) : 'closed'));
 */
export function describeError(error: unknown): string {
  const { code = error, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return describeCode(code) ?? (typeof message === 'string' && message !== '' ? message : UNKNOWN);
}

function describeCode(code: unknown): string | undefined {
  if (typeof code === 'number') return systemErrors().get(-Math.abs(code));
  if (typeof code !== 'string') return undefined;
  const own: Readonly<Record<string, string>> = { ...ERROR_CODES, ...SYS_ERROR_CODES };
  return own[code] ?? systemErrors().get(code);
}

let known: Map<number | string, string> | undefined;

/** Texts of the system's errors, by negative number and by name. */
function systemErrors(): Map<number | string, string> {
  if (known !== undefined) return known;
  known = new Map();
  for (const [number, [name, text]] of getSystemErrorMap()) known.set(number, text).set(name, text);
  return known;
}
