// The hooks in components of the real React that stands beside the package, in a document of happy-dom.

import { createRequire } from 'node:module';

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, run, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink, ws } from './package.mjs';
import { client, event, scripted, soon } from './peer.mjs';

const require = createRequire(pamlink('js/react.js'));
const { Window } = await import(require.resolve('happy-dom'));
const window = new Window();
// Some versions of Node have a navigator themselves, which is no place to write to.
for (const name of ['window', 'document', 'navigator']) {
  Object.defineProperty(globalThis, name, { value: window[name] ?? window, configurable: true });
}
const { createElement, StrictMode, version, ...React } = require('react');
const { createRoot, hydrateRoot } = require('react-dom/client');
const { renderToString } = require('react-dom/server');
const { useAnswer, useAnswers, useClient, useLink } = await import(pamlink('js/react.js'));

const over = `React ${version.split('.')[0]}`;
const server = await serve({ pace: '20ms' });
const jwt = token('react');

/** What is shown of an element, and what is clicked in it. */
function mounted(element) {
  const place = document.body.appendChild(document.createElement('div'));
  const root = createRoot(place);
  root.render(element);
  return {
    render: (next) => root.render(next),
    text: () => place.textContent,
    click: (name) => place.querySelector(`[name=${name}]`).click(),
    shown: async (isSo) => {
      for (let wait = 0; wait < 500; wait += 1) {
        if (isSo(place.textContent)) return place.textContent;
        await soon(10);
      }
      throw new Error(`shown is: ${place.textContent}`);
    },
    unmount: () => {
      root.unmount();
      place.remove();
    },
  };
}

function Answer({ url, text, options }) {
  const it = useClient(url, { token: jwt, WebSocket: ws.WebSocket, ...options });
  const { state } = useLink(it);
  const { status, text: answer, error, stop } = useAnswer(it, text);
  return createElement('p', null, `${state} ${status}: ${answer}${error?.code ?? ''}`,
    createElement('button', { name: 'stop', onClick: stop }));
}

test(`${over}: a text that grows is shown, and its end`, async () => {
  const page = mounted(createElement(Answer, { url: `${server.base}react`, text: 'plan a trip to the coast' }));
  const lengths = new Set();
  const shown = await page.shown((text) => {
    lengths.add(text.length);
    return text.startsWith('open answered');
  });
  check(shown.includes('Mapping') && lengths.size > 4, `${shown}, ${lengths.size} texts`);
  page.unmount();
});

test(`${over}: what StrictMode mounts twice is asked once over one link, which is closed with it`, async () => {
  const peer = await scripted();
  let links = 0;
  let tokens = 0;
  peer.connected(() => (links += 1));
  const options = { v1: false, token: () => `t${(tokens += 1)}` };
  const page = mounted(createElement(StrictMode, null, createElement(Answer, { url: peer.url, text: 'once', options })));
  const link = await peer.next();
  const { id, message } = await link.next();
  same(message, 'once', 'message');
  await soon(100);
  same([links, tokens, link.waiting()], [1, 1, 0], 'links, tokens, further requests');
  link.say({ type: 'chat_response', reply_to: id, message: 'done', content: 'done' });
  await page.shown((text) => text === 'open answered: done');
  page.unmount();
  same((await link.closed).code, 1000, 'code');
  same(links, 1, 'links');
  peer.stop();
});

test(`${over}: another text is another request, and who unmounts leaves it`, async () => {
  const peer = await scripted();
  const it = client(peer.url);
  const Asked = ({ text }) => {
    const { request, status, text: answer } = useAnswer(it, text);
    return `${request} ${status}: ${answer}`;
  };
  const element = (text) => createElement(StrictMode, null, createElement(Asked, { text }));
  const welcomed = event(it, 'welcomed');
  it.connect();
  await welcomed;
  const page = mounted(element('one'));
  const link = await peer.next();
  const one = await link.next();
  await soon();
  same([one.message, link.waiting()], ['one', 0], 'one request, though it was mounted twice');
  link.say({ type: 'chat_response_delta', reply_to: one.id, content: 'first' });
  await page.shown((text) => text === 'one growing: first');
  page.render(element('two'));
  await page.shown((text) => text === 'two waiting: ');
  const two = await link.next();
  same(two.message, 'two', 'message');
  const late = event(it, 'late');
  link.say({ type: 'chat_response', reply_to: one.id, message: 'first one', content: 'first one' });
  same((await late).text, 'first one', 'the one that was left');
  const last = event(it, 'late');
  page.render(element(null));
  await page.shown((text) => text === 'null none: ');
  await soon();
  link.say({ type: 'chat_response', reply_to: two.id, message: 'second', content: 'second' });
  same((await last).text, 'second', 'the one after which there is none');
  page.render(element('three'));
  const three = await link.next();
  const unmounted = event(it, 'late');
  page.unmount();
  await soon();
  link.say({ type: 'chat_response', reply_to: three.id, message: 'third', content: 'third' });
  same((await unmounted).text, 'third', 'the one that was unmounted');
  await it.close();
  peer.stop();
});

test(`${over}: a stop ends the answer where it is`, async () => {
  const text = `plan ${'a very long trip '.repeat(20)}`;
  const page = mounted(createElement(Answer, { url: `${server.base}react`, text }));
  await page.shown((shown) => shown.length > 40);
  page.click('stop');
  const shown = await page.shown((now) => now.includes('cancelled'));
  check(shown.length < 300, shown);
  page.unmount();
});

test(`${over}: another address is another client, and the one before is closed`, async () => {
  const [one, two] = [await scripted(), await scripted()];
  const element = ({ url }) => createElement(Answer, { url, text: null, options: { v1: false } });
  const page = mounted(element(one));
  const link = await one.next();
  await page.shown((text) => text.startsWith('open'));
  page.render(element(two));
  same((await link.closed).code, 1000, 'code');
  const other = await two.next();
  await page.shown((text) => text.startsWith('open'));
  page.unmount();
  same((await other.closed).code, 1000, 'code of the other');
  one.stop();
  two.stop();
});

test(`${over}: a chat shows each request of the client, and makes, stops and drops them`, async () => {
  const it = client(`${server.base}react`, { token: jwt, v1: true });
  const Chat = () => {
    const { answers, ask, stop, clear } = useAnswers(it);
    return createElement('div', null, 'chat',
      createElement('ol', null, answers.map(({ key, request, status, text }) => (
        createElement('li', { key }, `[${request} ${status}: ${text.slice(0, 20)}]`)))),
      createElement('button', { name: 'ask', onClick: () => ask(`plan ${answers.length} ${'trips '.repeat(30)}`) }),
      createElement('button', { name: 'stop', onClick: () => stop(answers[0].key) }),
      createElement('button', { name: 'clear', onClick: clear }));
  };
  const page = mounted(createElement(StrictMode, null, createElement(Chat)));
  await page.shown((text) => text === 'chat');
  page.click('ask');
  await page.shown((text) => text.includes('growing'));
  page.click('ask');
  await page.shown((text) => text.split('growing').length === 3);
  page.click('stop');
  await page.shown((text) => text.includes('cancelled') && text.includes('answered'));
  page.click('clear');
  await page.shown((text) => text === 'chat');
  page.unmount();
  await it.close();
});

test(`${over}: a server renders what is before all, and the page goes on from that`, async () => {
  const element = createElement(Answer, { url: `${server.base}react`, text: 'plan a trip' });
  const html = renderToString(element);
  check(html.includes('closed waiting: '), html);
  const place = document.body.appendChild(document.createElement('div'));
  place.innerHTML = html;
  const errors = [];
  const root = hydrateRoot(place, element, { onRecoverableError: (error) => errors.push(String(error)) });
  for (let wait = 0; wait < 300 && !place.textContent.includes('answered'); wait += 1) await soon(10);
  check(place.textContent.startsWith('open answered'), place.textContent);
  same(errors, [], 'errors');
  root.unmount();
  place.remove();
});

if (React.Activity) {
  test(`${over}: what is hidden has no link, and has another one when it is shown again`, async () => {
    const peer = await scripted();
    const element = (mode) => createElement(React.Activity, { mode },
      createElement(Answer, { url: peer.url, text: null, options: { v1: false } }));
    const page = mounted(element('visible'));
    const link = await peer.next();
    await page.shown((text) => text.startsWith('open'));
    page.render(element('hidden'));
    same((await link.closed).code, 1000, 'code');
    page.render(element('visible'));
    const other = await peer.next();
    await page.shown((text) => text.startsWith('open'));
    page.unmount();
    await other.closed;
    peer.stop();
  });
}

await run();
