// The page for everybody: by keyboard alone, read aloud, on a phone, in the dark, without motion.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { serve } from '../node/pamlink.mjs';
import { check, same, test } from '../node/tap.mjs';
import { LONG, PACE, WHOLE, ask, inTheMiddle, lines, open, settled, tab, type, until } from './scene.mjs';

const modules = resolve(process.env.NODE_MODULES ?? 'target/tools/node/node_modules');
const axe = readFileSync(`${modules}/axe-core/axe.min.js`, 'utf8');
const server = await serve({ dev: true, pace: PACE });
let page;

/** What has the focus: its id, or its text. */
const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());

/** Fails with what `axe` finds. */
async function sound(what) {
  const violations = await page.evaluate(async (source) => {
    if (!globalThis.axe) (0, globalThis.eval)(source);
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await globalThis.axe.run(document, { runOnly: tags });
    if (found.passes.length < 20) return ['too little was looked at'];
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
  }, axe);
  same(violations, [], what);
}

test('all of it is reached and done by the keyboard alone', async () => {
  ({ page } = await open(server.address, { page: await tab() }));
  await page.bringToFront();
  const order = [];
  for (let step = 0; step < 13; step += 1) {
    await page.keyboard.press('Tab');
    order.push(await focus());
  }
  same(order, ['log', 'Plan a trip to the coast', 'How much did I spend on fuel?', 'Is my car due for service?',
    'text', 'agent', 'send', 'Details', 'cut', 'toggle', 'user', 'Connect as this user', '/health'], 'order');
  await page.focus('#text');
  await page.keyboard.type('one line');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Enter');
  await page.keyboard.up('Shift');
  await page.keyboard.type('and another');
  same(await page.$eval('#text', (it) => it.value), 'one line\nand another', 'Shift and Enter');
  await page.keyboard.press('Enter');
  const { kind } = await settled(page);
  same([kind, (await lines(page))[0].text], ['answer', 'one line\nand another'], 'Enter');
}, 30_000);

test('Escape stops the answer, and so does its button, after which the focus is where one writes', async () => {
  await page.focus('#text');
  await page.keyboard.type(LONG);
  await page.keyboard.press('Enter');
  await inTheMiddle(page);
  await page.keyboard.press('Escape');
  same((await settled(page)).kind, 'stopped', 'Escape');
  await page.keyboard.type(LONG);
  await page.keyboard.press('Enter');
  await inTheMiddle(page);
  await page.focus('#log button');
  await page.keyboard.press('Enter');
  same((await settled(page)).kind, 'stopped', 'button');
  same(await focus(), 'text', 'focus');
}, 30_000);

test('an answer is read aloud once, as a whole, and the state of the link when it changes', async () => {
  await page.evaluate(() => {
    globalThis.heard = [];
    const listen = (id) => new MutationObserver(() => globalThis.heard.push(document.getElementById(id).textContent))
      .observe(document.getElementById(id), { childList: true, characterData: true, subtree: true });
    for (const id of ['said', 'state']) listen(id);
  });
  await type(page, LONG);
  await inTheMiddle(page);
  same(await page.$eval('#log > li:last-child', (it) => it.getAttribute('aria-busy')), 'true', 'busy');
  await settled(page);
  const heard = await page.evaluate(() => globalThis.heard);
  check(heard.length === 1 && heard[0].endsWith(WHOLE), heard);
  const live = await page.$$eval('[aria-live], [role=status], [role=log], [role=alert]', (all) => all.map(({ id }) => id));
  same(live, ['state', 'said'], 'what is read aloud by itself');
  // A wait is said once, and not each second.
  await page.evaluate(() => { globalThis.heard = []; document.querySelector('#cut').click(); });
  await until(page, () => globalThis.heard.at(-1) === 'Connected');
  const states = await page.evaluate(() => globalThis.heard);
  check(states.length <= 4 && !states.some((it) => /\d s/.test(it)), states);
}, 45_000);

for (const scheme of ['light', 'dark']) {
  for (const [device, width, height] of [['a desktop', 1_200, 800], ['a phone', 360, 740]]) {
    test(`axe finds nothing on ${device} in ${scheme} colours, at rest and at work`, async () => {
      await page.setViewport({ width, height });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await open(server.address, { page });
      await page.$eval('details', (it) => { it.open = true; });
      await sound('at rest');
      await page.select('#agent', 'nobody');
      await ask(page, 'who is there?');
      await page.select('#agent', '');
      await type(page, LONG);
      await inTheMiddle(page, 3);
      await page.keyboard.press('Escape');
      await settled(page);
      await type(page, LONG);
      await inTheMiddle(page, 3);
      await sound('at work');
      const beyond = await page.$$eval('#log > li, button, input, select, textarea', (all) => all
        .filter((it) => it.getBoundingClientRect().right > innerWidth).map((it) => it.id || it.textContent));
      same(beyond, [], 'beyond the edge');
      same(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'no scrolling sideways');
      await settled(page);
    }, 60_000);
  }
}

test('on a phone the conversation and where one writes are seen at once', async () => {
  await page.setViewport({ width: 360, height: 640 });
  await open(server.address, { page });
  await ask(page, 'plan a trip to the coast for two people');
  const bottom = await page.$eval('#send', (it) => it.getBoundingClientRect().bottom);
  const top = await page.$eval('#log > li:last-child', (it) => it.getBoundingClientRect().top);
  check(bottom <= 640 && top >= 0 && top < bottom, [top, bottom]);
}, 30_000);

test('nothing moves for whoever wants no motion', async () => {
  const slow = await serve({ dev: true, pace: '2s' });
  await open(slow.address, { page });
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await type(page, 'plan a trip');
  await page.waitForSelector('[data-silent]');
  const moving = () => page.evaluate(() => document.getAnimations().length);
  same(await moving(), 0, 'animations');
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'no-preference' }]);
  check(await moving() > 0, 'nothing moves at all');
  await page.keyboard.press('Escape');
  await settled(page);
  await page.close();
}, 30_000);
