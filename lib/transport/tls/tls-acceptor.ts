import { isDeepStrictEqual } from 'node:util';
import type { SchedulerLike } from 'rxjs';
import { type NetworkError, OptionError, systemError } from '../../base/errors.ts';
import type { Resolved } from '../../base/options.ts';
import type { Wire } from '../wire.ts';
import { FileWatch } from './file-watch.ts';
import type { HandshakePeer, Handshaking, Handshaker, HandshakeHandler } from '../handshaker.ts';
import { ServerContext } from './server-context.ts';
import { ServerHandshake } from './server-handshake.ts';
import { ServerNames } from './server-names.ts';
import { type LoadedContext, loadContext } from './tls-context.ts';
import { TlsError } from './tls-error.ts';
import {
  type ServerNameAnswer,
  type TlsNameOptions,
  type TlsServerOptions,
  checkName,
  checkServer,
  needsCertificate,
} from './tls-options.ts';

/**
 * The certificates of a running server. Changes hold for connections that come from now on; those that exist are not
 * touched. Sessions of a certificate that was replaced or removed cannot be resumed any more, unless `ticketKeys` are given
 * and its rules for clients are as before.
 */
export interface TlsCertificates {
  /** The names that have a certificate of their own. */
  readonly names: readonly string[];
  /** Files and folders that certificates were loaded from. */
  readonly files: readonly string[];
  /**
   * Adds or replaces the certificate of a name, `example.org` or `*.example.org`.
   *
   * @throws OptionError for an illegal name or option, TlsSetupError when it cannot be used; nothing has changed then.
   */
  set(name: string, options: TlsNameOptions): void;
  /** Removes the certificate of a name; false if there is none. */
  remove(name: string): boolean;
  /**
   * Replaces the certificate of all other names, and what goes with it; options left out stay as they are. What names
   * have from here, such as the authorities for client certificates, changes for them too.
   *
   * @throws OptionError, TlsSetupError; nothing has changed then.
   */
  setDefault(options: TlsNameOptions): void;
  /**
   * Loads all files anew: all of them, or none.
   *
   * @throws TlsSetupError when one of them cannot be used; nothing has changed then.
   */
  reload(): void;
}

/** A certificate, and how to make it anew. */
interface Entry {
  /** What was given for the name; for the default one, all of it. */
  readonly given: Resolved<TlsNameOptions>;
  readonly loaded: LoadedContext;
  readonly context: ServerContext;
}

/** The server's side of TLS: of a server with all its connections. */
export class TlsAcceptor implements Handshaker, TlsCertificates {
  readonly manual: boolean;
  private readonly options: Resolved<TlsServerOptions>;
  private readonly entries: ServerNames<Entry>;
  private fallback: Entry;
  private watching: FileWatch | undefined;

  /** @throws OptionError, TlsSetupError */
  constructor(options: TlsServerOptions, prefix = 'tls.') {
    this.options = checkServer(options, prefix);
    needsCertificate(this.options, prefix);
    this.manual = this.options.handshake === 'manual';
    const { names, matchSubdomains } = this.options;
    this.entries = new ServerNames<Entry>({ matchSubdomains });
    this.fallback = this.entryOf('', this.options, this.options, prefix);
    for (const [name, of] of Object.entries(names ?? {})) this.bind(name, of, `${prefix}names[${name}].`);
  }

  /** The acceptor that an option asks for. */
  static of(option: TlsServerOptions | undefined): TlsAcceptor | undefined {
    if (option === undefined) return undefined;
    return option instanceof TlsAcceptor ? option : new TlsAcceptor(option);
  }

  /** Stands for its options, so that components that follow each other share its sessions and certificates. */
  get asOption(): TlsServerOptions {
    return this as unknown as TlsServerOptions;
  }

  get names(): readonly string[] {
    return [...this.entries.patterns()];
  }

  get files(): readonly string[] {
    const all = [this.fallback, ...[...this.entries].map(([, entry]) => entry)].flatMap(
      ({ loaded }) => loaded.credentials.files,
    );
    return [...new Set(all)];
  }

  set(name: string, options: TlsNameOptions): void {
    this.bind(name, options, '');
  }

  remove(name: string): boolean {
    return this.entries.delete(name);
  }

  setDefault(options: TlsNameOptions): void {
    const defaults = withoutRivals(this.fallback.given, checkName(options));
    this.renewAll(defaults, '');
  }

  reload(): void {
    this.renewAll(this.fallback.given, 'tls.');
  }

  /**
   * Loads files anew when they change, if option `watch` says so.
   *
   * @param failed Told of files that cannot be used; the certificates before stay.
   * @returns What ends it.
   */
  watchFiles(scheduler: SchedulerLike, failed: (error: NetworkError) => void): () => void {
    if (!this.options.watch) return () => undefined;
    const fail = (error: unknown) => failed(systemError(error, 'accept'));
    const reload = () => {
      try {
        this.reload();
      } catch (error) {
        fail(error);
      }
    };
    const files = new FileWatch(scheduler, reload, fail);
    files.follow(this.files);
    this.watching = files;
    return () => {
      files.stop();
      if (this.watching === files) this.watching = undefined;
    };
  }

  shakeHands(wire: Wire, peer: HandshakePeer, handler: HandshakeHandler): Handshaking {
    return new ServerHandshake(this, this.options.allowPlain, wire, peer.early, handler);
  }

  /**
   * Which certificate answers a name; asks the user's function first.
   *
   * @throws TlsError `ERR_TLS_SERVER_NAME`, also by the promise
   */
  contextOf(name: string | undefined): ServerContext | Promise<ServerContext> {
    const { onServerName } = this.options;
    if (name === undefined) return this.fallback.context;
    if (onServerName === undefined) return this.byRules(name);
    try {
      const answer = onServerName(name);
      if (!isPromise(answer)) return this.answered(name, answer);
      return Promise.resolve(answer)
        .then((late) => this.answered(name, late))
        .catch((cause: unknown) => {
          throw refusal(name, cause);
        });
    } catch (cause) {
      throw refusal(name, cause);
    }
  }

  private answered(name: string, answer: ServerNameAnswer): ServerContext {
    if (answer === undefined) return this.byRules(name);
    if (answer === 'default') return this.fallback.context;
    if (answer === 'refuse') throw refusal(name);
    const entry = this.entries.get(answer.use);
    if (entry === undefined) throw refusal(name, new OptionError('use', answer.use, 'one of the names'));
    return entry.context;
  }

  private byRules(name: string): ServerContext {
    return (this.entries.find(name) ?? this.fallback).context;
  }

  private bind(name: string, options: TlsNameOptions, prefix: string): void {
    const given = checkName(options, prefix);
    needsCertificate(given, prefix);
    this.entries.set(
      name,
      this.entryOf(name, given, this.inherit(given, this.fallback.given), prefix),
      'name',
    );
    this.watching?.follow(this.files);
  }

  /** Makes everything anew, or nothing if something fails. */
  private renewAll(defaults: Resolved<TlsNameOptions>, prefix: string): void {
    const fallback = this.renewed('', this.fallback, defaults, defaults, prefix);
    const renewed = [...this.entries].map(([name, entry]) => {
      const options = this.inherit(entry.given, defaults);
      return [name, this.renewed(name, entry, entry.given, options, prefix)] as const;
    });
    this.fallback = fallback;
    for (const [name, entry] of renewed) this.entries.set(name, entry);
    this.watching?.follow(this.files);
  }

  /** What was not given for a name is as for the server, but not the certificate. */
  private inherit(
    given: Resolved<TlsNameOptions>,
    { minVersion, maxVersion, ciphers, alpn, clientCertificate, ca, caFile }: Resolved<TlsNameOptions>,
  ): Resolved<TlsNameOptions> {
    return withoutRivals({ minVersion, maxVersion, ciphers, alpn, clientCertificate, ca, caFile }, given);
  }

  private entryOf(
    name: string,
    given: Resolved<TlsNameOptions>,
    options: Resolved<TlsNameOptions>,
    prefix: string,
  ): Entry {
    const loaded = loadContext(options, prefix);
    return { given, loaded, context: this.contextFor(name, options, loaded) };
  }

  /** An entry as it is now; the same one, with its sessions, if nothing has changed. */
  private renewed(
    name: string,
    entry: Entry,
    given: Resolved<TlsNameOptions>,
    options: Resolved<TlsNameOptions>,
    prefix: string,
  ): Entry {
    const loaded = loadContext(options, prefix);
    const isSame =
      entry.context.clientCertificate === (options.clientCertificate ?? 'none') &&
      isDeepStrictEqual([loaded.options, loaded.alpn], [entry.loaded.options, entry.loaded.alpn]);
    if (isSame) return { given, loaded, context: entry.context };
    return { given, loaded, context: this.contextFor(name, options, loaded) };
  }

  private contextFor(name: string, options: Resolved<TlsNameOptions>, loaded: LoadedContext): ServerContext {
    return new ServerContext(name, loaded, {
      ...this.options,
      clientCertificate: options.clientCertificate ?? 'none',
    });
  }
}

/** Options that take each other's place. */
const RIVALS = [
  ['cert', 'certFile'],
  ['key', 'keyFile'],
  ['ca', 'caFile'],
] as const;

/** What is given goes before what was there; a file replaces a text and the other way round. */
function withoutRivals(
  before: Partial<Resolved<TlsNameOptions>>,
  given: Resolved<TlsNameOptions>,
): Resolved<TlsNameOptions> {
  const merged: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) merged[name] = value;
  for (const [one, other] of RIVALS) {
    if (given[one] !== undefined) merged[other] = undefined;
    if (given[other] !== undefined) merged[one] = undefined;
  }
  return merged as unknown as Resolved<TlsNameOptions>;
}

/** Promises of other libraries count too. */
function isPromise<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}

function refusal(name: string, cause?: unknown): TlsError {
  if (cause instanceof TlsError && cause.code === 'ERR_TLS_SERVER_NAME') return cause;
  return new TlsError('ERR_TLS_SERVER_NAME', `server name ${JSON.stringify(name)} is refused`, { cause });
}
