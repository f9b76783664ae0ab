import { checkText, quoted } from './characters.ts';
import { badMessage } from './message-error.ts';

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const EXTENSIONS = new RegExp(`^(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?)+$`);

/**
 * The line in front of a chunk: its size in hexadecimal digits and its extensions.
 *
 * ```
 * 10;key=value CR LF     sixteen bytes follow, and CR LF
 * ```
 *
 * @param size 1 and more: a chunk of nothing is the last one.
 * @param extensions `key`, `key=value` or `key="value"`, more of them behind semicolons. It is written as it is, behind
 *   a semicolon unless it brings one. HP-Socket writes a blank in front of it, which many receivers refuse, and which
 *   can be had with `' ;key=value'`.
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if the extensions are malformed.
 */
export function chunkLine(size: number, extensions = ''): string {
  return `${size.toString(16)}${extensions === '' ? '' : checkedExtensions(extensions)}\r\n`;
}

function checkedExtensions(text: string): string {
  checkText(text, 'chunk extensions');
  const whole = /^[ \t]*;/.test(text) ? text : `;${text}`;
  if (EXTENSIONS.test(whole)) return whole;
  throw badMessage(`chunk extensions must look like key=value;key="value", got ${quoted(text)}`);
}
