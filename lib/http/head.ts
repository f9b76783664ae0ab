import type { HttpFields } from './fields.ts';
import { absoluteParts, type TargetForm } from './syntax/target.ts';

/** What an upgrade leads to: `tunnel` is CONNECT. */
export type UpgradeKind = 'websocket' | 'tunnel' | 'other';

/** What the heads of requests and responses have in common. They are plain values, and outlive the chunk they came in. */
export interface MessageHead {
  /** Version 1.0 or 1.1: what is behind the dot. */
  readonly minorVersion: 0 | 1;
  readonly fields: HttpFields;
  /** Bytes of the body, if Content-Length says so and counts. */
  readonly contentLength: number | undefined;
  /** Whether the body comes in chunks. */
  readonly chunked: boolean;
  /** Whether the connection can take another message after this one. */
  readonly keepAlive: boolean;
  /** What this message wants to change to, or changes to; `undefined` if it stays HTTP/1.1. */
  readonly upgrade: UpgradeKind | undefined;
}

/** What a request head is made of. */
export interface RequestHeadParts extends MessageHead {
  readonly method: string;
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly expectContinue: boolean;
}

/** The head of a request: request line and fields, complete and checked. */
export class RequestHead implements RequestHeadParts {
  /** As sent; methods are case-sensitive. */
  readonly method: string;
  /** The request-target as sent. */
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly minorVersion: 0 | 1;
  readonly fields: HttpFields;
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: UpgradeKind | undefined;
  /** Whether the client waits for a response 100 before it sends the body. */
  readonly expectContinue: boolean;

  constructor(parts: RequestHeadParts) {
    this.method = parts.method;
    this.target = parts.target;
    this.targetForm = parts.targetForm;
    this.minorVersion = parts.minorVersion;
    this.fields = parts.fields;
    this.contentLength = parts.contentLength;
    this.chunked = parts.chunked;
    this.keepAlive = parts.keepAlive;
    this.upgrade = parts.upgrade;
    this.expectContinue = parts.expectContinue;
  }

  /**
   * The authority that the request is for: that of the target, if it is there, else Host. Empty if an old client does not
   * say.
   */
  get authority(): string {
    if (this.targetForm === 'absolute') return absoluteParts(this.target).authority;
    return this.targetForm === 'authority' ? this.target : (this.fields.get('host') ?? '');
  }

  /** The path, percent signs and all, without the query; empty for CONNECT, `*` for the server as a whole. */
  get path(): string {
    const full = this.pathAndQuery();
    const query = full.indexOf('?');
    return query < 0 ? full : full.slice(0, query);
  }

  /** What is behind the first question mark; `undefined` if there is none. */
  get query(): string | undefined {
    const full = this.pathAndQuery();
    const query = full.indexOf('?');
    return query < 0 ? undefined : full.slice(query + 1);
  }

  private pathAndQuery(): string {
    if (this.targetForm === 'absolute') return absoluteParts(this.target).path;
    return this.targetForm === 'authority' ? '' : this.target;
  }
}

/** What a response head is made of. */
export interface ResponseHeadParts extends MessageHead {
  readonly status: number;
  readonly reason: string;
}

/** The head of a response: status line and fields, complete and checked. */
export class ResponseHead implements ResponseHeadParts {
  /** The status code, 100 to 999. */
  readonly status: number;
  /** The reason phrase as sent; it may be empty. */
  readonly reason: string;
  readonly minorVersion: 0 | 1;
  readonly fields: HttpFields;
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: UpgradeKind | undefined;

  constructor(parts: ResponseHeadParts) {
    this.status = parts.status;
    this.reason = parts.reason;
    this.minorVersion = parts.minorVersion;
    this.fields = parts.fields;
    this.contentLength = parts.contentLength;
    this.chunked = parts.chunked;
    this.keepAlive = parts.keepAlive;
    this.upgrade = parts.upgrade;
  }
}
