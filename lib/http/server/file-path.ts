import { win32 } from 'node:path';

/** What a path of a request comes to: names from the root on, or the status that refuses it. */
export type FilePath =
  { readonly names: readonly string[]; readonly isFolder: boolean } | { readonly status: 400 | 404 };

const MALFORMED: FilePath = { status: 400 };
const NOWHERE: FilePath = { status: 404 };

/**
 * Reads the path of a request as that of a file. It is decoded once; nothing in it can lead out of the root or be two
 * things to two readers: no `.` and `..`, no empty names, no slash or backslash that was encoded, no NUL.
 *
 * @param path Path of a request-target, percent signs and all.
 * @param prefix What is in front of the files, without a slash at its end.
 * @param dotFiles Whether names may begin with a dot.
 */
export function filePath(path: string, prefix: string, dotFiles: boolean): FilePath {
  if (!path.startsWith(`${prefix}/`)) return NOWHERE;
  if (/%(?:2f|5c)/i.test(path)) return NOWHERE;
  const decoded = decode(path.slice(prefix.length + 1));
  if (decoded === undefined || decoded.includes('\0')) return MALFORMED;
  const names = decoded.split('/');
  const isFolder = names.at(-1) === '';
  if (isFolder) names.pop();
  return names.every((name) => isName(name, dotFiles)) ? { names, isFolder } : NOWHERE;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // not UTF-8
  }
}

function isName(name: string, dotFiles: boolean): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes('\\')) return false;
  if (name.startsWith('.') && !dotFiles) return false;
  return process.platform !== 'win32' || isWindowsName(name);
}

/** There, a colon names a drive or a stream, and dots and blanks at the end do not count. */
function isWindowsName(name: string): boolean {
  return !name.includes(':') && !/[. ]$/.test(name) && win32.basename(name) === name;
}
