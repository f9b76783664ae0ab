/** A message as {@link readMessage} understands it. */
export interface ReadMessage {
  readonly startLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** What comes behind the empty line, as Latin-1. */
  readonly rest: string;
}

/**
 * Reads a head in the plainest way: cuts it at each CR LF up to the empty line, and each line at its first colon. It
 * shares nothing with the library, so both being wrong in the same way is unlikely.
 */
export function readMessage(bytes: Uint8Array): ReadMessage {
  const text = Buffer.from(bytes).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('the head does not end');
  const [startLine = '', ...lines] = text.slice(0, end).split('\r\n');
  for (const line of [startLine, ...lines]) {
    if (/[\r\n\0]/.test(line)) throw new Error(`a bare control character in ${JSON.stringify(line)}`);
  }
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`no field: ${JSON.stringify(line)}`);
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')] as const;
  });
  return { startLine, fields, rest: text.slice(end + 4) };
}

/** A body in chunks, as {@link readChunks} understands it. */
export interface ReadChunks {
  readonly body: string;
  readonly extensions: readonly string[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly rest: string;
}

/** Reads a body in chunks in the plainest way. */
export function readChunks(text: string): ReadChunks {
  let rest = text;
  let body = '';
  const extensions: string[] = [];
  for (;;) {
    const line = /^([\da-f]+)([^\r\n]*)\r\n/.exec(rest);
    if (line === null) throw new Error(`no chunk: ${JSON.stringify(rest.slice(0, 40))}`);
    const size = parseInt(line[1]!, 16);
    rest = rest.slice(line[0].length);
    extensions.push(line[2]!);
    if (size === 0) break;
    body += rest.slice(0, size);
    if (!rest.startsWith('\r\n', size)) throw new Error('a chunk does not end');
    rest = rest.slice(size + 2);
  }
  const head = readMessage(Buffer.from(`trailers\r\n${rest}`, 'latin1'));
  return { body, extensions, trailers: head.fields, rest: head.rest };
}
