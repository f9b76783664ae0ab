import { type Server, Socket, connect, createServer, isIP } from 'node:net';
import { Subscription, asapScheduler } from 'rxjs';
import { NetworkError, systemError } from '../base/errors.ts';
import { type Candidate, interleave, race } from './race.ts';
import { resolve } from './resolve.ts';
import { type Ends, TcpWire, toAddress } from './tcp-wire.ts';
import type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  ListenHandler,
  ListenRequest,
  Listening,
  StreamSocketOptions,
  Transport,
} from './wire.ts';

/** TCP and Unix domain sockets, by `node:net`. */
export const tcp: Transport = { listen, connect: connectTcp };

function listen(request: ListenRequest, handler: ListenHandler): Listening {
  const { endpoint, backlog, dualStack, reusePort } = request;
  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    ...keepAlive(request),
    noDelay: request.noDelay,
  });
  server.maxConnections = request.maxConnections;
  let closed = false;
  const fail = (error: unknown) => {
    if (!closed) handler.failed(systemError(error, 'accept'));
  };
  server.once('error', fail);
  server.once('listening', () => {
    if (closed) {
      server.close(); // the name of the host was still being looked up
      return;
    }
    server.off('error', fail);
    server.on('error', (error) => handler.fault(systemError(error, 'accept')));
    handler.listening(boundAddress(server));
  });
  server.on('connection', (socket: Socket) => {
    setProbeInterval(socket, request);
    handler.accepted(new TcpWire(socket, unixEnds(endpoint.path, '')));
  });
  server.on('drop', (peer) => {
    handler.turnedAway(
      peer?.remoteAddress === undefined ? undefined : toAddress(peer.remoteAddress, peer.remotePort),
    );
  });
  try {
    if (endpoint.path !== undefined) server.listen({ path: endpoint.path, backlog });
    else {
      const where = { host: endpoint.host ?? '0.0.0.0', port: endpoint.port, backlog, ipv6Only: !dualStack };
      server.listen(reusePort ? { ...where, ...reusePortOption() } : where);
    }
  } catch (error) {
    asapScheduler.schedule(() => fail(error));
  }
  return {
    close: () => {
      closed = true;
      server.off('error', fail);
      server.on('error', () => undefined);
      server.close();
    },
  };
}

function boundAddress(server: Server) {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return { family: 'unix', path: bound ?? '' } as const;
  return toAddress(bound.address, bound.port);
}

/** SO_REUSEPORT came with Node 22.12; an older Node would ignore the option. */
function reusePortOption(): { reusePort: true } {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 12)) {
    throw new NetworkError('ERR_UNSUPPORTED', `reusePort needs Node 22.12, this is ${process.versions.node}`);
  }
  return { reusePort: true };
}

function keepAlive({ keepAliveTime, keepAliveInterval }: StreamSocketOptions) {
  const enabled = keepAliveTime > 0 && keepAliveInterval > 0;
  return enabled ? { keepAlive: true, keepAliveInitialDelay: keepAliveTime } : {};
}

function connectTcp(request: ConnectRequest, handler: ConnectHandler): Connecting {
  const { endpoint, localAddress, attemptDelay, scheduler } = request;
  const attempts = new Subscription();
  const connected = (socket: Socket) => {
    setProbeInterval(socket, request);
    handler.connected(new TcpWire(socket, unixEnds('', endpoint.path)));
  };
  const failed = (error: unknown) => {
    if (!attempts.closed) handler.failed(systemError(error, 'connect'));
  };

  if (endpoint.path !== undefined) {
    const { path } = endpoint;
    attempts.add(open(() => connect({ path, allowHalfOpen: true }), connected, failed));
    return { abort: () => attempts.unsubscribe() };
  }
  const { port } = endpoint;
  resolve(endpoint.host ?? '127.0.0.1', request.lookup, attempts, failed, (found) => {
    const family = localAddress === undefined ? 0 : isIP(localAddress);
    const candidates = interleave(found.filter((candidate) => family === 0 || candidate.family === family));
    if (candidates.length === 0) {
      const error = `${endpoint.host ?? ''} has no address of the family of ${localAddress ?? ''}`;
      failed(new NetworkError('ERR_ADDRESS_FAMILY', error, { operation: 'connect' }));
      return;
    }
    const attempt = (candidate: Candidate, done: (socket: Socket) => void, lost: (error: unknown) => void) =>
      open(() => connect({ ...socketOptions(request), host: candidate.address, port }), done, lost);
    attempts.add(race(candidates, attemptDelay, scheduler, attempt, connected, failed));
  });
  return { abort: () => attempts.unsubscribe() };
}

/** Newer versions of Node (26 for certain) let us say how often probes are sent; the others ignore what they are told. */
function setProbeInterval(socket: Socket, { keepAliveTime, keepAliveInterval }: StreamSocketOptions): void {
  if (!PROBES_HAVE_INTERVAL || keepAliveTime === 0 || keepAliveInterval === 0) return;
  const { setKeepAlive } = socket as {
    setKeepAlive: (on: boolean, time: number, interval: number) => unknown;
  };
  setKeepAlive.call(socket, true, keepAliveTime, keepAliveInterval);
}

const PROBES_HAVE_INTERVAL = Socket.prototype.setKeepAlive.length > 2;

/** The ends of a connection through a Unix domain socket, one of which has a path. */
function unixEnds(local: string | undefined, remote: string | undefined): Ends | undefined {
  if (local === undefined || remote === undefined) return undefined;
  return { local: { family: 'unix', path: local }, remote: { family: 'unix', path: remote } };
}

function socketOptions(request: ConnectRequest) {
  const { localAddress, localPort, noDelay } = request;
  return {
    ...keepAlive(request),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === 0 ? {} : { localPort }),
    noDelay,
    allowHalfOpen: true,
    autoSelectFamily: false,
  };
}

/** Opens one socket, paused. Calling it off destroys it. */
function open(
  make: () => Socket,
  done: (socket: Socket) => void,
  failed: (error: unknown) => void,
): () => void {
  let socket: Socket;
  try {
    socket = make();
  } catch (error) {
    const report = asapScheduler.schedule(() => failed(error));
    return () => report.unsubscribe();
  }
  socket.pause();
  const onError = (error: Error) => failed(error);
  socket.once('error', onError);
  socket.once('connect', () => {
    socket.off('error', onError);
    done(socket);
  });
  return () => {
    socket.removeAllListeners('connect');
    socket.off('error', onError);
    socket.on('error', () => undefined);
    socket.destroy();
  };
}
