// The npm package in Node.
//
//     node node.mjs URL TOKEN COUNT

import { pamlink, ws } from '../../../bindings/web/tests/package.mjs';
import { ask } from './ask.js';

const { Client } = await import(pamlink('js/index.js'));
const [url, token, count] = process.argv.slice(2);
await ask(new Client(url, { token, WebSocket: ws.WebSocket }), 'NODE', Number(count), console.log);
process.exit(0);
