// The load generator in JavaScript, for machines without a C compiler; load.c says what it does and how it is called.
// It takes about as much CPU as the servers, so it is soon the limit itself.
import { connect } from 'node:net';
import { putLoad } from './load-in-node.js';

putLoad(connect, 'connect');
