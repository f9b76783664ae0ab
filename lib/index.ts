/**
 * hpsocket-rx: TCP, TLS and UDP servers, agents and clients as Observables, with lossless flow control and codecs.
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
export type {
  CastRequest,
  DatagramHandler,
  DatagramRequest,
  DatagramSocket,
  DatagramSource,
  DatagramTransport,
} from './transport/datagram.ts';
export { MemoryNetwork, type MemoryNetworkOptions } from './transport/memory.ts';
export { tcp } from './transport/tcp.ts';
export { udp } from './transport/udp.ts';
export type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  DatagramDropReason,
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
export type { ConnectExtra, Dialer } from './component/dialer.ts';
export type { ConnectOptions, DialerOptions } from './component/tcp-connector.ts';
export type {
  ComponentState,
  ConnectionClosed,
  DropReason,
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
export type { Agent } from './component/agent.ts';
export type { Client } from './component/client.ts';
export type { Listener } from './component/listener.ts';
export type { Budget, ComponentOptions, KeepAlive, TcpOptions } from './component/options.ts';
export { reconnect, type ReconnectOptions, type Reconnecting } from './component/reconnect.ts';
export { TcpAgent, type TcpAgentOptions } from './component/tcp-agent.ts';
export { TcpClient, type TcpClientOptions } from './component/tcp-client.ts';
export { TcpServer, type TcpServerOptions } from './component/tcp-server.ts';

export type { ArqOptions } from './arq/arq-options.ts';
export { ArqAgent, type ArqAgentOptions } from './udp/arq-agent.ts';
export { ArqClient, type ArqClientOptions } from './udp/arq-client.ts';
export { ArqServer, type ArqServerOptions } from './udp/arq-server.ts';
export type { CastMode } from './udp/cast-address.ts';
export type { DatagramAgentOptions } from './udp/datagram-agent.ts';
export type { DatagramClientOptions, DatagramConnectOptions } from './udp/datagram-client.ts';
export type { DatagramCount, DatagramCounts, DatagramLoss } from './udp/datagram-counts.ts';
export type { DatagramEndpoint } from './udp/datagram-endpoint.ts';
export type { DatagramServerOptions } from './udp/datagram-server.ts';
export { type DialArqOptions, dialArq, type DialUdpOptions, dialUdp } from './udp/dial.ts';
export type { EndpointCounts } from './udp/endpoint-counts.ts';
export type {
  Datagram,
  DatagramDropped,
  DatagramFault,
  DatagramSent,
  EndpointDropReason,
} from './udp/endpoint-events.ts';
export type { DatagramEndpointOptions, ReceiveQueueOptions } from './udp/endpoint-options.ts';
export { type ListenArqOptions, listenArq, type ListenUdpOptions, listenUdp } from './udp/listen.ts';
export { UdpAgent, type UdpAgentOptions } from './udp/udp-agent.ts';
export { type PrepareCast, UdpCast, type UdpCastOptions } from './udp/udp-cast.ts';
export { UdpClient, type UdpClientOptions } from './udp/udp-client.ts';
export { UdpNode, type UdpNodeOptions } from './udp/udp-node.ts';
export type { Detect, ReceiveQueue, UdpOptions } from './udp/udp-options.ts';
export { UdpServer, type UdpServerOptions } from './udp/udp-server.ts';
