// A page that is left in mid-answer and comes back: reloaded, from the cache, discarded.

import { serve } from '../node/pamlink.mjs';
import { check, same, test } from '../node/tap.mjs';
import { LONG, PACE, WHOLE, ask, inTheMiddle, lines, open, says, settled, type } from './scene.mjs';

const server = await serve({ dev: true, pace: PACE });
let page;
const count = (answer) => server.metric('pamlink_session_opens_total', `"${answer}"`);

test('reloaded in mid-answer it goes on with it, and shows what was said before', async () => {
  ({ page } = await open(server.address));
  await ask(page, 'plan a trip to the hills');
  await type(page, LONG);
  await inTheMiddle(page);
  const before = await count('resumed');
  await page.reload({ waitUntil: 'load' });
  await says(page, 'Connected');
  await inTheMiddle(page, 3);
  const { kind, text, detail } = await settled(page);
  same([kind, text], ['answer', WHOLE], 'answer');
  check(detail.includes('went on when the page came back'), detail);
  same((await lines(page)).map((line) => line.kind), ['mine', 'answer', 'mine', 'answer'], 'lines');
  same([await count('resumed'), await server.metric('websocket_messages_total', 'type="chat"')], [before + 1, 2], 'resumed, requests');
}, 45_000);

test('reloaded afterwards it shows the same, and nothing is sent again', async () => {
  const before = (await lines(page)).map(({ kind, text }) => [kind, text]);
  await page.type('#text', 'a draft');
  await page.reload({ waitUntil: 'load' });
  await says(page, 'Connected');
  same((await lines(page)).map(({ kind, text }) => [kind, text]), before, 'lines');
  same(await page.$eval('#text', (it) => it.value), 'a draft', 'draft');
  await page.$eval('#text', (it) => { it.value = ''; });
}, 30_000);

test('back from the cache of the browser it goes on in mid-answer', async () => {
  await type(page, LONG);
  await inTheMiddle(page);
  await page.evaluate(() => {
    globalThis.isTheSame = true;
    addEventListener('pageshow', ({ persisted }) => { globalThis.wasKept = persisted; });
  });
  await page.goto(`http://${server.address}/health`);
  await new Promise((settle) => setTimeout(settle, 300));
  await page.goBack();
  await says(page, 'Connected');
  same(await page.evaluate(() => [globalThis.isTheSame, globalThis.wasKept]), [true, true], 'kept by the browser');
  same((await settled(page)).text, WHOLE, 'answer');
  same((await lines(page)).filter((line) => line.text === LONG).length, 2, 'requests, one before the reload');
}, 45_000);

test('a tab that is killed goes on from what it last kept', async () => {
  await type(page, LONG);
  await inTheMiddle(page);
  const all = await page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));
  const url = page.url();
  // Nothing runs when a process is killed: what is kept is what was kept before.
  await page.goto('about:blank');
  await page.evaluateOnNewDocument((entries) => {
    for (const [key, value] of JSON.parse(entries)) sessionStorage.setItem(key, value);
  }, all);
  await page.goto(url, { waitUntil: 'load' });
  await says(page, 'Connected');
  same((await settled(page)).text, WHOLE, 'answer');
}, 45_000);
