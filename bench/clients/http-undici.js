import { Agent, request } from 'undici';
import { work } from './work.js';

const dispatcher = new Agent({ connections: 64, pipelining: 1 });

work((url, done, failed) => {
  request(url, { dispatcher })
    .then(({ body }) => body.text())
    .then(done, failed);
});
