// The npm package on a page in headless Chromium.
//
//     node chromium.mjs URL TOKEN COUNT

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { size } from '../../../bindings/web/tests/package.mjs';
import { browser, faults, page } from '../../interop/node/headless.mjs';

const TYPES = { js: 'text/javascript', wasm: 'application/wasm' };
const files = createServer(({ url }, response) => {
  const type = TYPES[url.split('.').at(-1)] ?? 'text/html';
  response.writeHead(200, { 'content-type': type });
  if (url === '/ask.js') response.end(readFileSync(new URL('ask.js', import.meta.url)));
  else response.end(url.startsWith('/js/') ? size(url.slice(1)) : '<!doctype html><title>cross</title>');
});
await new Promise((ready) => { files.listen(0, '127.0.0.1', ready); });

const [url, token, count] = process.argv.slice(2);
await page.goto(`http://127.0.0.1:${files.address().port}/`);
await page.exposeFunction('say', (line) => console.log(line));
await page.evaluate(async (to, jwt, most) => {
  const [{ Client }, { ask }] = await Promise.all([import('/js/index.js'), import('/ask.js')]);
  const said = [];
  // Each is said once the one before it was: what is exposed to a page does not wait for it.
  await ask(new Client(to, { token: jwt }), 'CHROMIUM', most, (line) => said.push(globalThis.say(line)));
  await Promise.all(said);
}, url, token, Number(count));
for (const fault of faults) console.error(fault);
await browser.close();
process.exit(faults.length === 0 ? 0 : 1);
