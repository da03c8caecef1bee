// Answers as they grow, and Stop.

import { serve } from '../node/pamlink.mjs';
import { check, same, test } from '../node/tap.mjs';
import { LONG, PACE, WHOLE, inTheMiddle, lines, open, settled, type } from './scene.mjs';

const server = await serve({ dev: true, pace: PACE });
let page;

test('an answer is shown word by word', async () => {
  ({ page } = await open(server.address));
  await type(page, LONG);
  await inTheMiddle(page);
  const { text, running } = (await lines(page)).at(-1);
  check(running && WHOLE.startsWith(text) && text.length < WHOLE.length, text);
  const { kind, text: whole } = await settled(page);
  same([kind, whole], ['answer', WHOLE], 'answer');
}, 30_000);

test('Stop ends the answer where it is, at the server too', async () => {
  await type(page, LONG);
  await inTheMiddle(page);
  await page.click('#log button');
  const { kind, text, detail } = await settled(page);
  same([kind, detail], ['stopped', 'Stopped'], 'line');
  check(text.length > 0 && text.length < WHOLE.length && WHOLE.startsWith(text), text);
  same(await server.metric('pamlink_cancels_total', '"cancelled"'), 1, 'cancels at the server');
  await new Promise((settle) => setTimeout(settle, 300));
  same((await lines(page)).at(-1).text, text, 'text after a while');
}, 30_000);

test('two answers grow at once, and Stop is of one of them', async () => {
  await type(page, LONG);
  await inTheMiddle(page, 3);
  await type(page, `${LONG} again`);
  await inTheMiddle(page, 6);
  const [first] = await page.$$('#log button');
  await first.click();
  await settled(page);
  const [, stopped, , whole] = (await lines(page)).slice(-4);
  same([stopped.kind, whole.kind, whole.text], ['stopped', 'answer', `${WHOLE} again`], 'lines');
}, 30_000);
