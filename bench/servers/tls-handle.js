import { library, report } from '../support/report.js';
import { IDENTITY } from './tls-identity.js';

const { handleEach, listen, sendTo } = library;

listen({ host: '127.0.0.1', tls: IDENTITY, onListening: ({ port }) => report(port) })
  .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
  .subscribe();
