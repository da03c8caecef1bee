// The package in a page of Chromium: how long its frames are while an answer grows, how soon there is a
// client, and what a push costs there.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { size } from '../tests/package.mjs';
import { scripted } from '../tests/peer.mjs';

const PIECES = 300;
/** Milliseconds between two pieces. */
const PACE = 10;
/** How many times slower the page computes than this machine. */
const SLOWER = 4;
/** Milliseconds beyond which people see that a frame is late. */
export const LATE = 50;

/** A page with the package, and the servers that it speaks with; `end` stops those. */
export async function prepared(page) {
  const peer = await scripted();
  const TYPES = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };
  const pages = createServer(({ url }, response) => {
    const type = TYPES[url.split('.').at(-1)];
    const body = () => (url === '/push.mjs' ? readFileSync(new URL('push.mjs', import.meta.url)) : size(url.slice(1)));
    response.writeHead(200, { 'content-type': type ?? 'text/html' });
    response.end(type ? body() : '<!doctype html><title>speed</title><p id="answer"></p>');
  }).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  await page.goto(`http://127.0.0.1:${pages.address().port}/`, { waitUntil: 'load' });
  return { page, peer, end: () => (pages.close(), pages.closeAllConnections(), peer.stop()) };
}

/**
 * The lengths of all frames in milliseconds while an answer of `PIECES` pieces comes and is shown, a
 * hundred a second, in a page that computes a fourth as fast.
 */
export async function frames({ page, peer }) {
  const session = await page.createCDPSession();
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const grown = page.evaluate(async (url) => {
    const { Client } = await import('/js/index.js');
    const client = new Client(url, { token: 'a.b.c', v1: false });
    const shown = document.getElementById('answer');
    shown.textContent = '';
    const lengths = [];
    let last;
    const frame = (now) => {
      if (last !== undefined) lengths.push(now - last);
      last = now;
      running = requestAnimationFrame(frame);
    };
    let running;
    for await (const { text } of client.ask('fuel so far?')) {
      // From the first piece on: what comes before is the load of the page.
      running ??= requestAnimationFrame(frame);
      shown.append(text);
    }
    cancelAnimationFrame(running);
    await client.close();
    return { lengths, text: shown.textContent };
  }, peer.url);
  const link = await peer.next();
  const { id } = await link.next();
  const texts = Array.from({ length: PIECES }, (_, at) => `token ${at} `);
  // By the clock, so that a timer that comes late makes no gap.
  const start = performance.now();
  for (let at = 0; at < PIECES;) {
    await new Promise((settle) => setTimeout(settle, PACE));
    for (; at < PIECES && at * PACE <= performance.now() - start; at += 1) {
      link.say({ type: 'chat_response_delta', reply_to: id, content: texts[at] });
    }
  }
  const message = texts.join('');
  link.say({ type: 'chat_response', reply_to: id, message, content: message });
  const { lengths, text } = await grown;
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await session.detach();
  if (text !== message) throw new Error(`the page shows ${text.length} of ${message.length} characters`);
  return lengths;
}

/** Milliseconds from the making of the first client of a page to its dial, the module fetched on the way. */
export async function first({ page }) {
  await page.reload({ waitUntil: 'load' });
  return page.evaluate(async () => {
    const { Client } = await import('/js/index.js');
    const start = performance.now();
    await new Promise((settle) => {
      const WebSocket = class {
        constructor() {
          settle();
        }
      };
      new Client('ws://h/api/v1/pam/ws/ann', { token: 'a.b.c', WebSocket }).connect();
    });
    return performance.now() - start;
  });
}

/** Microseconds of a push to its listener, and of what is written by hand. */
export async function push({ page }, rounds) {
  return page.evaluate(async (rounds) => {
    const { Client, load } = await import('/js/index.js');
    const { pushes } = await import('/push.mjs');
    const { client, byHand } = await pushes(Client, await load());
    const figures = { client: [], byHand: [] };
    for (let round = 0; round < rounds; round += 1) {
      figures.client.push(client() * 1e3);
      figures.byHand.push(byHand() * 1e3);
    }
    return figures;
  }, rounds);
}
