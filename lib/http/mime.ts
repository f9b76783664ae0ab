/** Types by extension: what browsers are given, and what people put on web servers. */
const TYPES: Readonly<Record<string, string>> = {
  aac: 'audio/aac',
  apng: 'image/apng',
  atom: 'application/atom+xml',
  avi: 'video/x-msvideo',
  avif: 'image/avif',
  bin: 'application/octet-stream',
  bmp: 'image/bmp',
  br: 'application/octet-stream',
  bz2: 'application/x-bzip2',
  css: 'text/css',
  csv: 'text/csv',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  eot: 'application/vnd.ms-fontobject',
  epub: 'application/epub+zip',
  exe: 'application/octet-stream',
  flac: 'audio/flac',
  gif: 'image/gif',
  gz: 'application/gzip',
  htm: 'text/html',
  html: 'text/html',
  ico: 'image/x-icon',
  ics: 'text/calendar',
  jar: 'application/java-archive',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  jsonld: 'application/ld+json',
  jxl: 'image/jxl',
  m3u8: 'application/vnd.apple.mpegurl',
  m4a: 'audio/mp4',
  map: 'application/json',
  markdown: 'text/markdown',
  md: 'text/markdown',
  mjs: 'text/javascript',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mpg: 'video/mpeg',
  odp: 'application/vnd.oasis.opendocument.presentation',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odt: 'application/vnd.oasis.opendocument.text',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  ogv: 'video/ogg',
  opus: 'audio/ogg',
  otf: 'font/otf',
  pdf: 'application/pdf',
  png: 'image/png',
  ppt: 'application/vnd.ms-powerpoint',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  rar: 'application/vnd.rar',
  rss: 'application/rss+xml',
  rtf: 'application/rtf',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  toml: 'application/toml',
  ts: 'video/mp2t',
  ttf: 'font/ttf',
  txt: 'text/plain',
  vtt: 'text/vtt',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  weba: 'audio/webm',
  webm: 'video/webm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xhtml: 'application/xhtml+xml',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  zip: 'application/zip',
  zst: 'application/zstd',
};

/** Nothing is known about what it is. */
const UNKNOWN = 'application/octet-stream';

/**
 * The value of `Content-Type` for a file, by the extension of its name, in either case. Texts are said to be UTF-8.
 *
 * @param path Name of the file, folders or not in front of it.
 * @returns `application/octet-stream` for what is not known.
 * @example
 * mimeType('/site/index.html'); // 'text/html; charset=utf-8'
 * mimeType('photo.JPG'); // 'image/jpeg'
 */
export function mimeType(path: string): string {
  const extension = /[^/\\]\.([a-z\d]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  const type = Object.hasOwn(TYPES, extension) ? TYPES[extension]! : UNKNOWN;
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

const COMPRESSIBLE =
  /^(?:text\/.*|.*\+(?:json|xml)|application\/(?:json|xml|javascript|wasm|toml|yaml|rtf|x-tar|vnd\.ms-fontobject|vnd\.apple\.mpegurl)|font\/[ot]tf|image\/(?:bmp|x-icon))$/;

/**
 * Whether contents of this type become much smaller when they are compressed: text in any form does, pictures, sound
 * and archives are compressed already. An event stream is not said to be, since its events would be held back.
 *
 * @param type Value of `Content-Type`.
 * @example
 * isCompressible('application/json'); // true
 * isCompressible('image/png'); // false
 */
export function isCompressible(type: string): boolean {
  const essence = type.split(';', 1)[0]!.trim().toLowerCase();
  return essence !== 'text/event-stream' && COMPRESSIBLE.test(essence);
}
