// Headless Chromium on the page of `pamlink serve --dev`.

import { browser, faults, page } from '../node/chromium.mjs';
import { devToken, serve } from '../node/pamlink.mjs';
import { prose } from '../node/peer.mjs';
import { underPrefix } from '../node/prefix.mjs';
import { check, run, same, test } from '../node/tap.mjs';

let server = await serve({ dev: true, config: { drain: { spread_ms: 200 } } });
const foreign = [];
page.on('request', (request) => {
  const url = new URL(request.url());
  if (url.host !== server.address && url.protocol !== 'data:') foreign.push(request.url());
});

/** Waits until the page says that its link is in this state. */
const state = (wanted) => page.waitForFunction(
  (it) => document.querySelector('#state').textContent.toLowerCase().includes(it),
  { timeout: 20_000 }, wanted);

const answers = () => page.$$eval('li.answer', (items) => items.map((item) => item.textContent));

async function ask(text) {
  const before = (await answers()).length;
  await page.type('#text', text);
  await page.click('#send');
  await page.waitForFunction(
    (count) => document.querySelectorAll('li.answer').length > count, { timeout: 10_000 }, before);
  return (await answers()).at(-1);
}

test('the page opens and its link is open', async () => {
  const response = await page.goto(`http://${server.address}/`, { waitUntil: 'load' });
  same(response.status(), 200, 'status');
  await state('open');
}, 30_000);

test('a chat is answered', async () => {
  const answer = await ask('plan a trip to the coast');
  check(answer.includes('Mapping'), answer);
});

test('every agent that the page offers answers by name', async () => {
  const options = await page.$$eval('#agent option', (all) => all.map((it) => [it.value, it.textContent]));
  const agents = options.filter(([value]) => value !== '' && value !== 'nobody');
  same(agents.length, 5, 'agents');
  for (const [value, name] of agents) {
    await page.select('#agent', value);
    const answer = await ask('hello');
    const word = name.replace('Trip Planner', 'Mapping').split(' ')[0];
    check(answer.includes(word), `${name}: ${answer}`);
  }
  await page.select('#agent', '');
}, 30_000);

test('messages are compressed in both directions', async () => {
  const bytes = async (direction) => server.metric('pamlink_bytes_total', `"${direction}"`);
  const before = [await bytes('inbound'), await bytes('outbound')];
  const talk = [];
  for (let times = 0; times < 12; times += 1) {
    for (const size of [5, 200, 4_500]) talk.push({ type: 'chat', message: prose(size) });
    talk.push({ type: 'chat', message: 'all of it', notes: prose(55_000) });
  }
  const url = server.url('chromium', await devToken('chromium'));
  const { extensions, answers, sent, received } = await page.evaluate(async (to, chats) => {
    const socket = new WebSocket(to);
    const heard = [];
    let wake = () => {};
    socket.onmessage = ({ data }) => { heard.push(data); wake(); };
    socket.onclose = ({ code }) => { heard.push(`{"closed":${code}}`); wake(); };
    const next = async () => {
      while (heard.length === 0) await new Promise((settle) => { wake = settle; });
      return heard.shift();
    };
    await next(); // the welcome
    const totals = { answers: [], sent: 0, received: 0 };
    for (const chat of chats) {
      const text = JSON.stringify(chat);
      totals.sent += text.length;
      socket.send(text);
      const answer = await next();
      totals.received += answer.length;
      totals.answers.push(JSON.parse(answer).message);
    }
    totals.extensions = socket.extensions;
    socket.close();
    return totals;
  }, url, talk);
  for (const [at, { message }] of talk.entries()) {
    check(answers[at]?.endsWith(message), `${at}: ${answers[at]}`);
  }
  check(extensions.startsWith('permessage-deflate'), `extensions: ${extensions}`);
  const took = [await bytes('inbound') - before[0], await bytes('outbound') - before[1]];
  check(took[0] < sent / 2 && took[1] < received / 2, `${took} bytes for ${[sent, received]}`);
}, 30_000);

test('markup in a chat stays text', async () => {
  await ask('<img src=x onerror="document.title=1"> & <b>bold</b>');
  same(await page.$$eval('#log img, #log b', (found) => found.length), 0, 'elements made of text');
});

test('the page survives a restart of the server', async () => {
  server.stop();
  await server.ended;
  await page.waitForFunction(
    () => !document.querySelector('#state').textContent.includes('open'), { timeout: 10_000 });
  server = await serve({ dev: true, listen: server.address });
  await state('open');
  const answer = await ask('how much did I spend?');
  check(answer.includes('Financial'), answer);
}, 45_000);

test('the page works under a prefix, its token and its link too', async () => {
  const proxy = await underPrefix('/assistant/pam', server.address);
  const response = await page.goto(`http://${proxy}/assistant/pam/`, { waitUntil: 'load' });
  same(response.status(), 200, 'status');
  await state('open');
  const answer = await ask('plan a trip to the coast');
  check(answer.includes('Mapping'), answer);
  await page.waitForFunction(
    () => document.querySelector('#health').textContent === 'ok', { timeout: 10_000 });
  const outside = foreign.splice(0).filter((url) => !url.match(`^(http|ws)://${proxy}/assistant/pam/`));
  same(outside, [], 'requests that left the prefix');
}, 45_000);

test('the page had no fault and fetched nothing from elsewhere', async () => {
  same([faults, foreign], [[], []], 'faults, foreign requests');
});

await run(() => browser.close());
