// A server of the `pam` dialect alone, whose every word the scene chooses, below the page of `serve`.

import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { serve } from '../node/pamlink.mjs';
import { check, same, test } from '../node/tap.mjs';
import { inTheMiddle, lines, open, says, settled, tab, type, until } from './scene.mjs';

const modules = resolve(process.env.NODE_MODULES ?? 'target/tools/node/node_modules');
const { WebSocketServer } = createRequire(`${modules}/`)('ws');
const pages = await serve({ dev: true });
const [hostname, port] = pages.address.split(':');

// It names no subprotocol: a browser that has offered one then fails the link.
const links = new WebSocketServer({ noServer: true, handleProtocols: () => false });
const waiting = [];
const server = createServer((asked, answer) => {
  request({ hostname, port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
    answer.writeHead(got.statusCode, got.headers);
    got.pipe(answer);
  }).on('error', () => answer.destroy()).end();
}).on('upgrade', (asked, socket, head) => links.handleUpgrade(asked, socket, head, (link) => {
  const frames = [];
  const wants = [];
  link.on('message', (data) => {
    const frame = JSON.parse(data.toString());
    if (frame.type === 'ping') link.send(JSON.stringify({ type: 'pong', reply_to: frame.id }));
    else if (wants.length > 0) wants.shift()(frame);
    else frames.push(frame);
  });
  const say = (frame) => link.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  say({ type: 'connection', status: 'connected', user_id: 'ann', epoch: 'e', features: ['reply_to', 'repeat'] });
  const next = async () => frames.shift() ?? new Promise((settle) => { wants.push(settle); });
  waiting.push({ say, next });
}));
await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
server.unref();

let page;
let link;

test('with a server of pam alone the page speaks that', async () => {
  ({ page } = await open(`127.0.0.1:${server.address().port}`, { page: await tab() }));
  link = waiting.at(-1);
  same(await page.$eval('#speaks', (it) => it.textContent), 'pam', 'dialect');
}, 30_000);

test('a push is shown with its kind, once', async () => {
  const push = { type: 'proactive_alert', id: 'p1', message: 'fuel is low' };
  link.say(push);
  link.say(push);
  await until(page, () => document.querySelector('#log > .push'));
  link.say({ type: 'proactive_alert', id: 'p2', message: 'and oil' });
  await until(page, () => document.querySelectorAll('#log > .push').length === 2);
  same((await lines(page)).map(({ text, detail }) => [text, detail]),
    [['fuel is low', 'proactive_alert'], ['and oil', 'proactive_alert']], 'lines');
});

test('a message that cannot be read is said and counted', async () => {
  link.say('{"type":');
  await until(page, () => document.querySelector('#gaps').textContent === '1');
  same((await lines(page)).at(-1).kind, 'note', 'line');
});

test('a refusal is shown with its code and the time to wait', async () => {
  await type(page, 'too often');
  const { id } = await link.next();
  link.say({ type: 'error', reply_to: id, error_code: 'RATE_LIMIT_EXCEEDED', message: 'slow down', retry_after: 2 });
  const { kind, text, detail } = await settled(page);
  same([kind, text, detail], ['failed', 'slow down', 'RATE_LIMIT_EXCEEDED, again in 2 s'], 'line');
});

test('Stop says that this server knows none, and what comes later is shown', async () => {
  await type(page, 'long');
  const { id } = await link.next();
  link.say({ type: 'chat_response_delta', reply_to: id, content: 'once upon a time ' });
  await inTheMiddle(page, 4);
  await page.$eval('#log button', (it) => it.click());
  const { kind, detail } = await settled(page);
  same(kind, 'stopped', 'kind');
  check(detail.includes('this server cannot stop it'), detail);
  link.say({ type: 'chat_response', reply_to: id, message: 'once upon a time it ended' });
  await until(page, () => document.querySelector('#log').textContent.includes('it ended'));
  same((await lines(page)).at(-1).detail, 'of a request that nobody waits for', 'late');
  await says(page, 'Connected');
  await page.close();
});
