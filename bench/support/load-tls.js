// As load.js, over TLS: for machines without a C compiler or the headers of OpenSSL.
import { connect } from 'node:tls';
import { putLoad } from './load-in-node.js';

// What is measured are servers, so nobody spends time on verifying them.
putLoad((options) => connect({ ...options, rejectUnauthorized: false }), 'secureConnect');
