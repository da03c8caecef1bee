// Tabs over one link: a page that Vite has built from the example of the document.

import { browser, isFirefox, keep } from '../../../tests/interop/node/headless.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { served, server } from './bundlers.mjs';
import { soon } from './peer.mjs';

const LONG = `plan ${'a very long trip '.repeat(20)}`;
const LONGER = `plan ${'a very long trip '.repeat(60)}`;
let origin;

/** A tab of its own. */
async function tab() {
  origin ??= await served('vite');
  const page = await browser.newPage();
  page.on('pageerror', keep);
  await page.goto(`${origin}/?${new URLSearchParams({ url: `${server.base}vite`, show: 'tabs' })}`);
  return page;
}

const send = (page, text) => page.evaluate(async (it) => {
  const { type, text } = await globalThis.client.send(it);
  return `${type}: ${text}`;
}, text);

/** Asks, and waits for the first piece. */
const begin = (page, text) => page.evaluate(async (it) => {
  const answer = globalThis.client.ask(it);
  await new Promise((begun) => {
    globalThis.ended = (async () => {
      let text = '';
      for await (const piece of answer) {
        text = piece.restart ? piece.text : text + piece.text;
        begun();
      }
      return text;
    })().catch(({ code }) => code);
  });
}, text);

/** Until a metric of the server has grown by one. */
async function grown(name, before) {
  for (let wait = 0; (await server.metric(name)) === before; wait += 1) {
    check(wait < 300, `${name} is still ${before}`);
    await soon(20);
  }
  same(await server.metric(name), before + 1, name);
}

test('tabs: two have one link, and one that is closed leaves it to the other', async () => {
  const before = await server.metric('pamlink_connections_total');
  const cancels = await server.metric('pamlink_cancels_total');
  const [one, two] = [await tab(), await tab()];
  const both = await Promise.all([send(one, 'plan one'), send(two, 'plan two')]);
  check(both[0].includes('plan one') && both[1].includes('plan two'), both);
  await begin(one, LONG);
  await begin(two, LONG);
  await one.close();
  await grown('pamlink_cancels_total', cancels);
  check((await two.evaluate(() => globalThis.ended)).includes(LONG), 'the answer of the other');
  same(await server.metric('pamlink_connections_total') - before, 1, 'links');
  await two.close();
}, 60_000);

// No other browser lets a tab crash.
if (!isFirefox) test('tabs: one that crashes takes the worker along, and what the others have asked goes on in another', async () => {
  const [one, two, three] = [await tab(), await tab(), await tab()];
  for (const page of [two, three]) {
    await page.evaluate(() => {
      globalThis.seen = [];
      for (const type of ['restored', 'fault']) globalThis.client.on(type, () => globalThis.seen.push(type));
    });
  }
  await begin(one, LONGER);
  await begin(two, LONGER);
  await begin(three, LONGER);
  const cancels = await server.metric('pamlink_cancels_total');
  const chats = await server.metric('websocket_messages_total', 'type="chat"');
  // The worker is in the process of the tab that has made it.
  const session = await one.createCDPSession();
  session.send('Page.crash').catch(() => {});
  for (const page of [two, three]) {
    const text = await page.evaluate(() => globalThis.ended);
    check(text.endsWith(LONGER) && text.length < LONGER.length + 60, text);
    check((await send(page, 'plan again')).startsWith('answered'), 'after that');
    same(await page.evaluate(() => globalThis.seen), ['fault'], 'seen');
  }
  // That of the one that is gone is cancelled, and none is sent once more as another.
  await grown('pamlink_cancels_total', cancels);
  same(await server.metric('websocket_messages_total', 'type="chat"') - chats, 2, 'further requests');
  for (const page of [one, two, three]) await page.close();
}, 60_000);
