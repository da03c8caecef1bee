// The first client of a process, from its making to its dial; prints milliseconds. The module is read
// and compiled on the way.

import { pamlink } from '../tests/package.mjs';

const { Client } = await import(pamlink('js/index.js'));
const start = performance.now();
await new Promise((settle) => {
  const WebSocket = class {
    constructor() {
      settle();
    }
  };
  new Client('ws://h/api/v1/pam/ws/ann', { token: 'a.b.c', WebSocket }).connect();
});
console.log(performance.now() - start);
process.exit(0);
