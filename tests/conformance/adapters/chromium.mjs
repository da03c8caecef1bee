// The client of the npm package on a page in Chromium behind the adapter protocol of
// `tests/conformance`.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import { size as file } from '../../../bindings/web/tests/package.mjs';
import { page } from '../../interop/node/headless.mjs';
import { READY } from './web-client.mjs';

const TYPES = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };
const PAGE = '<!doctype html><title>pamlink</title>';
const pages = createServer(({ url }, response) => {
  const type = TYPES[url.split('.').at(-1)] ?? 'text/html';
  response.setHeader('content-type', type);
  if (url === '/web-client.mjs') response.end(readFileSync(new URL(`.${url}`, import.meta.url)));
  else response.end(url.startsWith('/js/') ? file(url.slice(1)) : PAGE);
}).listen(0, '127.0.0.1');
await once(pages, 'listening');

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
await page.exposeFunction('write', write);
await page.goto(`http://127.0.0.1:${pages.address().port}/`);
await page.evaluate(async () => {
  const [{ Client }, { begin, handle }] = await Promise.all([import('/js/index.js'), import('/web-client.mjs')]);
  begin({ Client, WebSocket: globalThis.WebSocket, write: globalThis.write });
  globalThis.handle = handle;
});
// Each is a browser of its own.
write({ ...READY, at_once: 4 });
for await (const line of createInterface({ input: process.stdin })) {
  write(await page.evaluate((it) => globalThis.handle(it), JSON.parse(line)));
}
process.exit(0);
