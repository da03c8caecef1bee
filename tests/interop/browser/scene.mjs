// What the scenes share: a page of a server, and what is to be seen on it.

import { browser, faults, page as first } from '../node/headless.mjs';

/** An answer of so many words takes a while where the server has a pace. */
export const LONG = 'plan a trip to the coast for two people with a dog and a tent, say where we sleep '
  + 'each of the nights, what each of them costs, and what we do there when it rains all day';
export const PACE = '60ms';
/** Who answers that, before the request itself. */
export const WHOLE = `Trip Planner (Mapping Module): ${LONG}`;

/** Requests of pages for what is not of their server. */
export const foreign = [];

/** The address that a page belongs to. */
const homes = new Map();

function keepWatch(page) {
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:', 'about:'].includes(url.protocol) && url.host !== homes.get(page)) foreign.push(request.url());
  });
}
keepWatch(first);

/** Another tab. */
export async function tab() {
  const page = await browser.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  keepWatch(page);
  return page;
}

/** Opens the page of the server at `address`; settles once that says of its link what is awaited. */
export async function open(address, { page = first, path = '/', user = someone(), until = 'Connected' } = {}) {
  homes.set(page, address);
  const response = await page.goto(`http://${address}${path}?user=${user}`, { waitUntil: 'load' });
  await says(page, until);
  return { page, response, user };
}

let users = 0;
export const someone = () => `browser-${process.pid}-${(users += 1)}`;

/** Waits until `holds` does in the page, which may be one that is not seen. */
export const until = (page, holds, { timeout = 20_000 } = {}, ...given) =>
  page.waitForFunction(holds, { timeout, polling: 40 }, ...given);

/** Waits until the page says this of its link. */
export const says = (page, text) =>
  until(page, (it) => document.querySelector('#state')?.textContent.includes(it), {}, text);

/** The lines of the conversation: kind, text, and what is said below it. */
export const lines = (page) => page.$$eval('#log > li', (items) => items.map((item) => ({
  kind: item.className,
  text: item.children[0].textContent,
  detail: item.children[1].textContent,
  running: item.dataset.running === 'true',
})));

/** Types a request and sends it by the keyboard. */
export async function type(page, text) {
  await page.type('#text', text);
  await page.keyboard.press('Enter');
}

/** Waits until the last line has words enough to be in the middle of an answer. */
export const inTheMiddle = (page, words = 8) => until(page, (least) => {
  const item = document.querySelector('#log > li:last-child');
  return item?.dataset.running && item.children[0].textContent.split(' ').length >= least;
}, { timeout: 10_000 }, words);

/** Waits until nothing runs any more; the last line. */
export async function settled(page) {
  await until(page, () => document.querySelector('#log > li') && !document.querySelector('[data-running]'));
  return (await lines(page)).at(-1);
}

/** Asks, and waits for the answer: its line. */
export async function ask(page, text) {
  await type(page, text);
  await until(page, (it) => [...document.querySelectorAll('#log > .mine')].at(-1)?.textContent === it, {}, text);
  return settled(page);
}
