// The client of the npm package in Node behind the adapter protocol of `tests/conformance`.

import { createInterface } from 'node:readline';

import { pamlink, ws } from '../../../bindings/web/tests/package.mjs';
import { READY, begin, handle } from './web-client.mjs';

const { Client } = await import(pamlink('js/index.js'));
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { WebSocket = ws.WebSocket } = globalThis;

begin({ Client, WebSocket, write });
write(READY);
for await (const line of createInterface({ input: process.stdin })) write(await handle(JSON.parse(line)));
process.exit(0);
