// A chat with whoever answers.

import { devToken, serve, token } from '../node/pamlink.mjs';
import { prose } from '../node/peer.mjs';
import { underPrefix } from '../node/prefix.mjs';
import { check, same, test } from '../node/tap.mjs';
import { ask, foreign, lines, open, says, tab, type, until } from './scene.mjs';

let server = await serve({ dev: true, config: { drain: { spread_ms: 200 } } });
let page;

test('the page opens, and its link over pamlink.v1', async () => {
  const opened = await open(server.address);
  page = opened.page;
  same(opened.response.status(), 200, 'status');
  same(await page.$eval('#speaks', (it) => it.textContent), 'pamlink.v1', 'dialect');
}, 30_000);

test('a chat is answered, by name and in some time', async () => {
  const { kind, text, detail } = await ask(page, 'plan a trip to the coast');
  check(kind === 'answer' && text.includes('Mapping'), text);
  check(/\d m?s/.test(detail), detail);
});

test('every agent that the page offers answers by name', async () => {
  const options = await page.$$eval('#agent option', (all) => all.map((it) => [it.value, it.textContent]));
  const agents = options.filter(([value]) => value !== '' && value !== 'nobody');
  same(agents.length, 5, 'agents');
  for (const [value, name] of agents) {
    await page.select('#agent', value);
    const { text } = await ask(page, `hello ${name}`);
    const word = name.replace('Trip Planner', 'Mapping').split(' ')[0];
    check(text.includes(word), `${name}: ${text}`);
  }
  await page.select('#agent', 'nobody');
  const { kind, detail } = await ask(page, 'who is there?');
  check(kind === 'failed' && detail.includes('UNKNOWN_AGENT'), [kind, detail]);
  await page.select('#agent', '');
}, 30_000);

test('a suggestion is asked when it is clicked', async () => {
  const { page: fresh } = await open(server.address, { page: await tab() });
  await fresh.click('#hints button');
  await fresh.waitForSelector('li.answer:not([data-running])');
  check((await lines(fresh))[1].text.includes('Mapping'), await lines(fresh));
  await fresh.close();
});

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
  const { text } = await ask(page, '<img src=x onerror="document.title=1"> & <b>bold</b>');
  check(text.endsWith('<b>bold</b>'), text);
  same(await page.$$eval('#log img, #log b', (found) => found.length), 0, 'elements made of text');
});

test('a drain is survived, and the page says what it waits for', async () => {
  server.stop();
  await server.ended;
  await says(page, 'Waiting');
  await until(page, () => /^attempt \d+ in \d+ s$/.test(document.querySelector('#wait').textContent));
  await type(page, 'how much did I spend?');
  server = await serve({ dev: true, listen: server.address, config: { drain: { spread_ms: 200 } } });
  await until(page, () => [...document.querySelectorAll('li.answer:not([data-running])')].at(-1)
    ?.textContent.includes('Financial'), { timeout: 30_000 });
  await says(page, 'Connected');
}, 60_000);

test('disconnected it stays so, and goes on when it is connected again', async () => {
  const click = (id) => page.$eval(id, (it) => it.click());
  await click('#toggle');
  await says(page, 'Not connected');
  await click('#toggle');
  await says(page, 'Connected');
  check((await ask(page, 'plan a trip to the hills')).text.includes('Mapping'), 'no answer');
});

test('another user begins with an empty page', async () => {
  await page.$eval('#user', (it) => { it.value = ''; });
  await page.type('#user', 'somebody else');
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelectorAll('#log > li').length === 0);
  await says(page, 'Connected');
  check((await ask(page, 'plan a trip')).text.includes('Mapping'), 'no answer');
});

test('the page works under a prefix, its files, its token and its link too', async () => {
  const proxy = await underPrefix('/assistant/pam', server.address);
  const { page: below } = await open(proxy, { page: await tab(), path: '/assistant/pam/' });
  check((await ask(below, 'plan a trip to the coast')).text.includes('Mapping'), 'no answer');
  await until(below, () => document.querySelector('#health').textContent === 'ok');
  const asked = await below.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  const outside = asked.filter((url) => !url.startsWith(`http://${proxy}/assistant/pam/`));
  same([outside, foreign], [[], []], 'requests that left the prefix');
  await below.close();
}, 45_000);

test('a server with a secret of its own wants a token in the page', async () => {
  const strict = await serve();
  const { page: asking } = await open(strict.address, { page: await tab(), user: 'ada', until: 'Not connected' });
  await asking.type('#token', token('somebody else'));
  await asking.keyboard.press('Enter');
  await says(asking, 'Ended');
  await asking.$eval('#token', (it) => { it.value = ''; });
  await asking.type('#token', token('ada'));
  await asking.keyboard.press('Enter');
  await says(asking, 'Connected');
  check((await ask(asking, 'plan a trip')).text.includes('Mapping'), 'no answer');
  await asking.close();
  strict.stop();
  await strict.ended;
}, 45_000);
