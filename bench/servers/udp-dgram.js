// The yardstick: the shortest honest echo server of plain Node.
import { createSocket } from 'node:dgram';
import { report } from '../support/report.js';

const socket = createSocket('udp4');
socket.on('message', (data, { port, address }) => socket.send(data, port, address));
socket.on('error', () => {});
socket.bind(0, '127.0.0.1', () => report(socket.address().port));
