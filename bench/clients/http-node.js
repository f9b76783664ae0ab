import { Agent, get } from 'node:http';
import { work } from './work.js';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

work((url, done, failed) => {
  get(url, { agent }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (piece) => (text += piece));
    response.on('end', () => done(text));
  }).on('error', failed);
});
