/**
 * hpsocket-rx: TCP and TLS servers, agents and clients as Observables, with lossless flow control and codecs.
 *
 * @packageDocumentation
 */
export {
  ERROR_CODES,
  NetworkError,
  NetworkTimeoutError,
  OptionError,
  ProtocolError,
  type ErrorCode,
  type NetworkErrorOptions,
  type Operation,
  type TimeoutName,
} from './base/errors.ts';

export { hex, toBytes, toText, utf8, type BytesLike } from './bytes/bytes-like.ts';
export { ByteQueue } from './bytes/byte-queue.ts';

export { between, type BetweenOptions, type Outside } from './codec/between.ts';
export type { Codec, Decoder, Encoder } from './codec/codec.ts';
export { compose } from './codec/compose.ts';
export { delimiter, type DelimiterOptions } from './codec/delimiter.ts';
export { fixed, type FixedOptions } from './codec/fixed.ts';
export type { EmittableTail, FrameOptions, Tail, TailOptions } from './codec/frame-options.ts';
export { json, type JsonOptions, type JsonSeparator } from './codec/json.ts';
export { lengthField, type LengthFieldOptions } from './codec/length-field.ts';
export { lines, type LineEnding, type LinesOptions } from './codec/lines.ts';
export type { Pieces } from './codec/pieces.ts';
export { pack, type PackOptions } from './codec/pack.ts';
export { pull, type PullOptions, type Pulled } from './codec/pull.ts';
export {
  PullBuffer,
  pullBuffer,
  type FetchResult,
  type FetchStatus,
  type PullBufferOptions,
} from './codec/pull-buffer.ts';
export type { PullGenerator, PullReader, PullRequest, UntilOptions } from './codec/pull-reader.ts';

export { currentGate } from './flow/emission.ts';
export { flowForEach } from './flow/flow-for-each.ts';
export { FlowGate, type FlowGateOptions, type FlowHolder, type FlowTarget } from './flow/flow-gate.ts';
export { flowMarks, type FlowMarks, type ResolvedFlowMarks } from './flow/flow-marks.ts';
export type { Hold, Lease } from './flow/lease.ts';
export { flowMap, type FlowMapOptions } from './flow/flow-map.ts';
export { processFlow } from './flow/process-flow.ts';
export { shed, type ShedOptions } from './flow/shed.ts';
export { toAsyncIterable, type AsyncIterableOptions } from './flow/to-async-iterable.ts';
export { flowConfig, type TrackingOptions, type UntrackedDiagnostic } from './flow/untracked.ts';

export { coalesce } from './send/coalesce.ts';
export { loopScheduler } from './send/loop-scheduler.ts';
export type { OutboxLimits, OverflowPolicy, SendResult } from './send/outbox-limits.ts';
export { sendPolicy, type SendPolicy, type SendPolicyOptions } from './send/send-policy.ts';

export { decode, type DecodeOptions, type Decoding } from './framing/decode.ts';
export { encode, type Encoding } from './framing/encode.ts';

export type { Pem, TlsCredentials } from './transport/tls/credentials.ts';
export type { TlsCertificates } from './transport/tls/tls-acceptor.ts';
export type { TlsContextOptions, TlsVersion } from './transport/tls/tls-context.ts';
export { TlsError } from './transport/tls/tls-error.ts';
export type { TlsInfo } from './transport/tls/tls-info.ts';
export type {
  ClientCertificate,
  OcspResponder,
  ServerNameAnswer,
  TlsClientOptions,
  TlsNameOptions,
  TlsServerOptions,
  VerifyServer,
} from './transport/tls/tls-options.ts';
export { TlsSetupError, type TlsSetupErrorCode } from './transport/tls/tls-setup-error.ts';

export {
  formatAddress,
  parseEndpoint,
  type Address,
  type Endpoint,
  type EndpointLike,
  type InetAddress,
  type UnixAddress,
} from './transport/address.ts';
export { MemoryNetwork, type MemoryNetworkOptions } from './transport/memory.ts';
export { tcp } from './transport/tcp.ts';
export type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  ListenHandler,
  ListenRequest,
  Listening,
  Lookup,
  StreamSocketOptions,
  Transport,
  Wire,
  WireHandler,
} from './transport/wire.ts';

export { CLOSE_REASONS, type CloseReason, type Closed } from './connection/closed.ts';
export type {
  Connection,
  ConnectionState,
  FileSurroundings,
  SentBytes,
  StartTlsOptions,
} from './connection/connection.ts';
export { sendTo, type SendToOptions } from './connection/send-to.ts';
export type { ConnectionOptions, Timeouts } from './connection/settings.ts';

export type { Component } from './component/component.ts';
export { dial, type DialOptions } from './component/dial.ts';
export type { Dialer } from './component/dialer.ts';
export type { ConnectOptions, DialerOptions } from './component/tcp-connector.ts';
export type {
  ComponentState,
  ConnectionClosed,
  Dropped,
  Fault,
  KeyLog,
  PrepareConnect,
  PrepareListen,
  Received,
  Sent,
  StopOptions,
  StopReport,
} from './component/events.ts';
export { handleEach, type HandleEachOptions } from './component/handle-each.ts';
export { listen, type ListenOptions } from './component/listen.ts';
export type { ComponentOptions, KeepAlive } from './component/options.ts';
export { reconnect, type ReconnectOptions, type Reconnecting } from './component/reconnect.ts';
export { TcpAgent, type TcpAgentOptions } from './component/tcp-agent.ts';
export { TcpClient, type TcpClientOptions } from './component/tcp-client.ts';
export { TcpServer, type TcpServerOptions } from './component/tcp-server.ts';
