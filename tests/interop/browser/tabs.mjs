// Several tabs of the same user.

import { page as first } from '../node/headless.mjs';
import { serve } from '../node/pamlink.mjs';
import { same, test } from '../node/tap.mjs';
import { LONG, PACE, WHOLE, inTheMiddle, lines, open, says, settled, tab, type } from './scene.mjs';

const server = await serve({ dev: true, pace: PACE });

test('a second tab of the same user has a conversation of its own', async () => {
  const { page, user } = await open(server.address, { page: await tab() });
  const { page: second } = await open(server.address, { page: await tab(), user });
  await type(page, LONG);
  await type(second, 'plan a trip to the hills');
  same((await settled(second)).text, 'Trip Planner (Mapping Module): plan a trip to the hills', 'second');
  // Looked for every two seconds.
  const links = (count) => page.waitForFunction((it) => document.getElementById('own').textContent === it, { timeout: 15_000 }, count);
  await page.bringToFront();
  await links('2');
  same((await settled(page)).text, WHOLE, 'first');
  same([(await lines(page)).length, (await lines(second)).length], [2, 2], 'lines');
  await second.close();
  await links('1');
  await type(page, 'still there?');
  await settled(page);
  same((await lines(page)).length, 4, 'lines of the first');
  await page.close();
}, 45_000);

test('a copy of a tab shows what was said, and leaves its answer to it', async () => {
  const { page } = await open(server.address, { page: await tab() });
  await type(page, 'plan a trip to the hills');
  await settled(page);
  await type(page, LONG);
  await inTheMiddle(page);
  // As a browser does that duplicates a tab: the new one begins with a copy of the storage.
  const all = await page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));
  const copy = await tab();
  await copy.evaluateOnNewDocument((entries) => {
    for (const [key, value] of JSON.parse(entries)) sessionStorage.setItem(key, value);
  }, all);
  await open(server.address, { page: copy, user: new URL(page.url()).searchParams.get('user') });
  same((await lines(copy)).map(({ text }) => text),
    ['plan a trip to the hills', 'Trip Planner (Mapping Module): plan a trip to the hills'], 'the copy');
  await says(page, 'Connected');
  same((await settled(page)).text, WHOLE, 'the answer');
  same(await page.$eval('#resumed', (it) => it.textContent), '0', 'breaks');
  await copy.close();
  await page.close();
  await first.bringToFront();
}, 45_000);
