/**
 * hpsocket-rx/sys: the helper functions of HP-Socket (guide chapter 8.2, `SYS_…`): what goes in and what comes out are values, what goes
 * wrong is thrown.
 *
 * @packageDocumentation
 */
export { SYS_ERROR_CODES, SysError, type SysErrorCode, type SysErrorOptions } from './sys-error.ts';
export { SOCKET_ERRORS, describeError, describeSocketError, type SocketErrorName } from './error-text.ts';
export { VERSION, type Version } from './version.ts';
export {
  hostAddress,
  hostAddresses,
  ipType,
  isIPAddress,
  type HostAddress,
  type HostAddressOptions,
  type IpType,
} from './addresses.ts';
export {
  hostToNetwork64,
  isLittleEndian,
  networkToHost64,
  swapBytes16,
  swapBytes32,
  swapBytes64,
} from './byte-order.ts';
export {
  base64Decode,
  base64DecodedLength,
  base64Encode,
  base64EncodedLength,
  type Base64Options,
} from './base64.ts';
export { urlDecode, urlDecodedLength, urlEncode, urlEncodedLength, type UrlOptions } from './url.ts';
export {
  canDecode,
  canEncode,
  charsetConvert,
  charsetDecode,
  charsetEncode,
  gbkToUtf8,
  useCharsets,
  utf8ToGbk,
  type CharsetLibrary,
  type CharsetName,
  type CharsetOptions,
} from './charset.ts';
export {
  compress,
  compressedBound,
  gzipUncompressedLength,
  uncompress,
  type BoundOptions,
} from './compress.ts';
export type { CompressFormat, CompressOptions, UncompressOptions } from './compress-options.ts';
export {
  compressStream,
  uncompressStream,
  type CompressStreamOptions,
  type UncompressStreamOptions,
  type ZlibStreamOptions,
} from './compress-stream.ts';
