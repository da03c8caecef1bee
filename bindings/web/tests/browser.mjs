// The package in Chromium or Firefox, on a page with a strict policy, against `pamlink serve`.

import { createServer } from 'node:http';
import { once } from 'node:events';

import { browser, faults, isFirefox, page } from '../../../tests/interop/node/headless.mjs';
import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, run, same, test } from '../../../tests/interop/node/tap.mjs';
import { size } from './package.mjs';
import { scripted } from './peer.mjs';

let server = await serve({ config: { drain: { spread_ms: 200 } } });
const elsewhere = await serve({ config: { auth: { origins: ['https://app.example'] } } });
const scene = await scripted();
let wasm = "'wasm-unsafe-eval'";
const TYPES = { js: 'text/javascript', wasm: 'application/wasm' };
const pages = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://h');
  if (pathname.startsWith('/api/')) {
    response.writeHead(503, { 'retry-after': '0' }).end('no backend');
    return;
  }
  if (pathname.startsWith('/moved/')) {
    response.writeHead(302, { location: '/' }).end();
    return;
  }
  if (pathname.startsWith('/js/')) {
    response.writeHead(200, { 'content-type': TYPES[pathname.split('.').at(-1)] }).end(size(pathname.slice(1)));
    return;
  }
  response.writeHead(200, {
    'content-type': 'text/html',
    'content-security-policy':
      `default-src 'none'; script-src 'self' ${wasm}; connect-src 'self' ws://${server.address} ${new URL(scene.url).origin} ` +
      `ws://${elsewhere.address} http://${elsewhere.address}`,
  }).end('<!doctype html><title>pamlink</title><script type="module" src="/js/index.js"></script>');
}).listen(0, '127.0.0.1');
await once(pages, 'listening');
const origin = `127.0.0.1:${pages.address().port}`;

const open = () => page.goto(`http://${origin}/`, { waitUntil: 'load' });

test('a page with a strict policy is answered', async () => {
  await open();
  const seen = await page.evaluate(async (url, jwt) => {
    const { Client } = await import('/js/index.js');
    const client = new Client(url, { token: jwt, v1: false });
    const { text } = await client.send('plan a trip to the coast');
    let pieces = '';
    for await (const piece of client.ask('how much fuel?', { agent: 'finance' })) pieces += piece.text;
    await client.close();
    return { text, pieces, state: client.state };
  }, `${server.base}one`, token('one'));
  check(seen.text.includes('Mapping') && seen.pieces.includes('Financial'), seen);
  same(seen.state, 'closed', 'state');
}, 30_000);

test('the same over pamlink.v1, with a snapshot that another client goes on from', async () => {
  const seen = await page.evaluate(async (url, jwt) => {
    const { Client } = await import('/js/index.js');
    const first = new Client(url, { token: jwt });
    const one = await first.send('one');
    const snapshot = await first.snapshot();
    await first.close();
    const second = new Client(url, { token: jwt, snapshot });
    const two = await second.send('two');
    await second.close();
    return [one.type, snapshot.length > 0, two.type];
  }, `${server.base}two`, token('two'));
  same(seen, ['answered', true, 'answered'], 'seen');
}, 30_000);

test('a restart of the server is survived', async () => {
  await page.evaluate(async (url, jwt) => {
    const { Client } = await import('/js/index.js');
    globalThis.client = new Client(url, { token: jwt, backoffCapMs: 300 });
    await globalThis.client.send('one');
  }, `${server.base}three`, token('three'));
  const { address } = server;
  server.stop();
  await server.ended;
  server = await serve({ listen: address });
  const outcome = await page.evaluate(async () => {
    const { type } = await globalThis.client.send('two');
    await globalThis.client.close();
    return type;
  });
  same(outcome, 'answered', 'outcome');
}, 45_000);

test('a close that no page may say throws nothing, and the link is made anew', async () => {
  await page.evaluate(async (url) => {
    const { Client } = await import('/js/index.js');
    globalThis.client = new Client(url, { token: 't', maxMessageBytes: 1_024, backoffCapMs: 300, v1: false });
    globalThis.client.connect();
  }, scene.url);
  const first = await scene.next();
  first.say({ type: 'note', text: 'x'.repeat(2_000) });
  same((await first.closed).code, 1005, 'code');
  await scene.next();
  await page.evaluate(() => globalThis.client.close());
}, 30_000);

test('a refused upgrade of the own origin comes with its status', async () => {
  const seen = await page.evaluate(async (url) => {
    const { Client } = await import('/js/index.js');
    const client = new Client(url, { token: 't' });
    client.connect();
    const { status, class: kind } = await new Promise((settle) => client.on('retrying', settle));
    await client.close();
    return [status, kind];
  }, `ws://${origin}/api/v1/pam/ws/ann`);
  same(seen, [503, 'server_unavailable'], 'seen');
}, 30_000);

/** What a client says first of an address at which there is no link. */
const saysOf = (url) => page.evaluate(async (to) => {
  const { Client } = await import('/js/index.js');
  const client = new Client(to, { token: 't' });
  client.connect();
  const event = await new Promise((settle) => {
    for (const type of ['retrying', 'stopped']) client.on(type, settle);
  });
  await client.close();
  return [event.type, event.status, event.class];
}, url);

test('an upgrade of another origin that is refused comes with its status', async () => {
  const url = `ws://${elsewhere.address}/api/v1/pam/ws/ann`;
  same(await saysOf(url), ['retrying', 403, 'authentication'], 'seen');
}, 30_000);

test('an upgrade that is redirected is a fault of the setup', async () => {
  same(await saysOf(`ws://${origin}/moved/api/v1/pam/ws/ann`), ['stopped', 302, 'setup'], 'seen');
}, 30_000);

test('a policy without wasm-unsafe-eval is named as what it is', async () => {
  wasm = '';
  await open();
  const name = await page.evaluate(async (url) => {
    const { Client } = await import('/js/index.js');
    return new Client(url, { token: 't' }).send('x').then(() => 'none', ({ code, cause }) => `${code} ${cause?.name}`);
  }, `${server.base}five`);
  same(name, 'bad_wasm CompileError', 'error');
}, 30_000);

await import('./bundlers.mjs');
// No other browser lets its CPU be slowed.
if (!isFirefox) await import('./speed.mjs');
await import('./shared-worker.mjs');

test('no page had a fault', async () => {
  same(faults, [], 'faults');
});

await run(async () => {
  await browser.close();
  pages.close();
  scene.stop();
});
