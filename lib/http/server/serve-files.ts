import { randomBytes } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Observable, defer, from } from 'rxjs';
import { type Resolved, callback, check, flag, table, text } from '../../base/options.ts';
import { evaluatePreconditions, isRangeCurrent } from '../conditional.ts';
import { formatHttpDate } from '../date.ts';
import { mimeType } from '../mime.ts';
import { answerRange } from '../range.ts';
import { type FileVersion, fileBody, openSame } from './file-body.ts';
import { type FilePath, filePath } from './file-path.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { HttpReply, HttpResponse } from './http-response.ts';

/** Options of {@link serveFiles}. */
export interface ServeFilesOptions {
  /**
   * Path of the requests in front of the files: with `/assets`, `/assets/a.css` is the file `a.css`. It is compared as it
   * is, and anything else is answered with 404.
   * @default none
   */
  readonly prefix?: string;
  /**
   * File that is served for a folder; `false`: folders are not served.
   * @default 'index.html'
   */
  readonly index?: string | false;
  /**
   * Whether files and folders are served whose names begin with a dot.
   * @default false
   */
  readonly dotFiles?: boolean;
  /**
   * Whether symbolic links may lead out of the root.
   * @default false
   */
  readonly followLinks?: boolean;
  /**
   * Value of `Cache-Control`.
   * @default none
   */
  readonly cacheControl?: string | undefined;
  /**
   * The value of `Content-Type` for a file, by its path.
   * @default {@link mimeType}
   */
  readonly type?: ((path: string) => string) | undefined;
}

const checkOptions = table<ServeFilesOptions>({
  prefix: check('', "a path that begins with '/' and does not end with one, or ''", isPrefix),
  index: check<string | false>('index.html', 'the name of a file, or false', isIndex),
  dotFiles: flag(false),
  followLinks: flag(false),
  cacheControl: text(),
  type: callback<(path: string) => string>(),
});

function isPrefix(value: unknown): boolean {
  return typeof value === 'string' && /^(?:\/[^?#]*[^/?#])?$/.test(value);
}

function isIndex(value: unknown): boolean {
  return (
    value === false || (typeof value === 'string' && /^[^/\\\0]+$/.test(value) && !/^\.\.?$/.test(value))
  );
}

/** A file that was found. */
interface Found {
  readonly path: string;
  readonly version: FileVersion;
  readonly modified: number;
}

/** A file up to this length is read before it is answered, and needs no second look. */
const SMALL = 64 * 1024;

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);
const EXHAUSTED = new Set(['EMFILE', 'ENFILE']);

/**
 * Answers requests with the files of a folder: GET and HEAD, whole or in ranges, conditional (`ETag`, `Last-Modified`),
 * with the type that the extension says. Files of any size pass block by block, as fast as the client takes them.
 *
 * The answer is 404 for what is not there, is no file, or is hidden by an option; 403 for what may not be read; 301 with
 * a slash at the end for a folder; 405 for other methods; 400 for a path that is not UTF-8. Of the path of a request
 * nothing leads out of the root. What is in the folder is to be trusted all the same: who can write there while files are
 * being served can put links in the place of folders.
 *
 * @param root Path of the folder.
 * @throws OptionError (`ERR_OPTION`) at once.
 * @example
 * const server = new HttpServer({ port: 8080 });
 * server.serve(mergeMap(serveFiles('public'))).subscribe();
 * await server.start();
 */
export function serveFiles(
  root: string,
  options?: ServeFilesOptions,
): (exchange: HttpExchange) => Observable<HttpReply> {
  const files = new Files(root, checkOptions(options));
  return (exchange) => defer(() => from(files.answer(exchange).then((response) => exchange.reply(response))));
}

/** The files of one folder. */
class Files {
  private readonly root: string;
  private readonly options: Resolved<ServeFilesOptions>;

  constructor(root: string, options: Resolved<ServeFilesOptions>) {
    this.root = root;
    this.options = options;
  }

  async answer(exchange: HttpExchange): Promise<HttpResponse> {
    const { method, path } = exchange;
    const { prefix, dotFiles } = this.options;
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, fields: { Allow: 'GET, HEAD' } };
    const asked = filePath(path, prefix, dotFiles);
    if ('status' in asked) return { status: asked.status };
    try {
      const found = await this.find(asked);
      if (found === undefined) return { status: 404 };
      return found === 'folder' ? movedTo(exchange) : await this.answerWith(found, exchange);
    } catch (error) {
      return refusal(error);
    }
  }

  /** Looks for the file; `folder` for one that is asked for as if it were a file. */
  private async find({ names, isFolder }: Exclude<FilePath, { status: number }>) {
    const { index } = this.options;
    const asked = join(this.root, ...names);
    const found = await this.look(asked);
    const isRoot = names.length === 0;
    if (found?.isDirectory !== true) return isFolder && !isRoot ? undefined : found?.file;
    if (index === false) return undefined;
    if (!isFolder && !isRoot) return 'folder';
    return (await this.look(join(asked, index)))?.file;
  }

  private async look(path: string): Promise<{ isDirectory: boolean; file?: Found } | undefined> {
    const real = await realpath(path);
    if (!this.options.followLinks && !isWithin(await realpath(this.root), real)) return undefined;
    const version = await stat(real, { bigint: true });
    if (version.isDirectory()) return { isDirectory: true };
    if (!version.isFile()) return undefined;
    return { isDirectory: false, file: { path: real, version, modified: Number(version.mtimeMs) } };
  }

  private async answerWith(
    found: Found,
    { method, fields, connection }: HttpExchange,
  ): Promise<HttpResponse> {
    const { path, version, modified } = found;
    const { cacheControl, type } = this.options;
    const now = connection.scheduler.now();
    const etag = `"${version.mtimeNs.toString(36)}-${version.size.toString(36)}-${version.ino.toString(36)}"`;
    const validators = { etag, lastModified: modified };
    const about = {
      ETag: etag,
      'Last-Modified': formatHttpDate(modified),
      ...(cacheControl === undefined ? {} : { 'Cache-Control': cacheControl }),
    };
    const met = evaluatePreconditions(method, fields, validators, now);
    if (met !== 'met') return { status: met === 'failed' ? 412 : 304, fields: about };
    const contents = (type ?? mimeType)(path);
    const size = Number(version.size);
    const isRange = method === 'GET' && isRangeCurrent(fields, validators, now);
    const range = answerRange(isRange ? fields.get('range') : undefined, {
      size,
      type: contents,
      boundary: randomBytes(16).toString('hex'),
    });
    if (range.status === 416) return { status: 416, fields: range.fields };
    const usual = {
      'Content-Type': contents,
      ...about,
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
    };
    if (range.status === 206) {
      const body = fileBody(path, version, range.parts, range.tail);
      return { status: 206, fields: { ...usual, ...range.fields, 'Content-Length': range.length }, body };
    }
    if (method === 'GET' && size <= SMALL) return { fields: usual, body: await contentsOf(found) };
    const parts = size === 0 ? [] : [{ head: '', range: { first: 0, last: size - 1 } }];
    return { fields: { ...usual, 'Content-Length': size }, body: fileBody(path, version, parts) };
  }
}

/** All of a small file. */
async function contentsOf({ path, version }: Found): Promise<Uint8Array> {
  const file = await openSame(path, version);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Links in a folder count from the folder. The path has no empty names, so that this stays on the server. */
function movedTo({ path, query }: HttpExchange): HttpResponse {
  return { status: 301, fields: { Location: `${path}/${query === undefined ? '' : `?${query}`}` } };
}

function refusal(error: unknown): HttpResponse {
  const { code = '' } = error as { code?: string };
  if (MISSING.has(code)) return { status: 404 };
  if (FORBIDDEN.has(code)) return { status: 403 };
  if (EXHAUSTED.has(code)) return { status: 503 };
  throw error;
}
