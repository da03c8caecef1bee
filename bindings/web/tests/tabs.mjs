// One client for several tabs: what the worker and a tab say to each other, over ports of Node.

import { readFileSync } from 'node:fs';

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';
import { PamlinkError, client, error, event, scripted, soon } from './peer.mjs';

const { EVENTS, join, share } = await import(pamlink('js/tabs.js'));
const { storeOf } = await import(pamlink('js/store.js'));
const server = await serve({ pace: '20ms' });

/** A worker with a client of these options, and what makes tabs of it. */
function worker(url, options) {
  const scope = new EventTarget();
  const made = [];
  share(() => {
    made.push(client(url, options));
    return made.at(-1);
  }, scope);
  const connect = () => {
    const { port1, port2 } = new MessageChannel();
    scope.dispatchEvent(Object.assign(new Event('connect'), { ports: [port2] }));
    return { port: port1 };
  };
  return { made, connect, tab: () => join(connect) };
}

const connected = (user, options) => worker(`${server.base}${user}`, { token: () => token(user), v1: true, ...options });

/** A worker of a peer, and its link. */
async function scene() {
  const peer = await scripted();
  const { made, tab } = worker(peer.url);
  const [one, two] = [tab(), tab()];
  const link = peer.next();
  one.connect();
  return { peer, made, tab, one, two, link: await link };
}

const answer = (to, message) => ({ type: 'chat_response', reply_to: to, message, content: message });

test('tabs: every event of a client is known by its name', async () => {
  const types = readFileSync(new URL(pamlink('index.d.ts')), 'utf8');
  const [events] = types.split('export interface Events {')[1].split('\n}\n');
  const names = [...events.matchAll(/^ {2}(\w+): \{ type/gm)].map(([, name]) => name);
  // An answer is no message, and `lost` is each loop's own.
  same([...EVENTS, 'restored', 'lost'].sort(), names.sort(), 'names');
});

test('tabs: where there is no worker, what a tab is asked ends', async () => {
  const tab = join(() => {
    throw new DOMException('not here', 'SecurityError');
  });
  same((await error(tab.send('hello'))).code, 'poisoned', 'code');
  same(tab.state, 'closed', 'state');
});

test('tabs: a tab that comes while the last one goes hears nothing of the client before', async () => {
  const { made, tab } = connected('tabs-follow');
  const first = tab();
  await first.send('hello');
  void first.close();
  const second = tab();
  const seen = [];
  for (const type of ['closed', 'stopped']) second.on(type, () => seen.push(type));
  same((await second.send('hello')).type, 'answered', 'answer');
  await soon();
  same([made.length, seen, second.state], [2, [], 'open'], 'clients, ends, state');
  await second.close();
});

test('tabs: each has its own answers over one link, and its pushes are those of all', async () => {
  const { peer, made, one, two, link } = await scene();
  let links = 0;
  peer.connected(() => (links += 1));
  const asked = [one.ask('of one', { context: { trip: 7 } }), two.ask('of two')];
  const [a, b] = [await link.next(), await link.next()];
  same([a.message, a.context, b.message], ['of one', { trip: 7 }, 'of two'], 'requests');
  link.say({ type: 'chat_response_delta', reply_to: b.id, content: 'for ' });
  link.say(answer(a.id, 'for one'));
  link.say(answer(b.id, 'for two'));
  const texts = [];
  for await (const { text } of asked[1]) texts.push(text);
  same(texts.join(''), 'for two', 'pieces');
  const whole = await asked[0].answer;
  same([whole.type, whole.text, whole.envelope.reply_to], ['answered', 'for one', a.id], 'answer');
  const pushes = Promise.all([event(one, 'message'), event(two, 'message')]);
  link.say('{"type":"proactive_alert","id":9007199254740993,"message":"fuel is low"}');
  same((await pushes).map(({ id, text, envelope }) => [id, text, envelope.type]), Array(2).fill(['9007199254740993', 'fuel is low', 'proactive_alert']), 'pushes');
  same([one.state, two.state, made.length, links], ['open', 'open', 1, 0], 'one client, no further link');
  await one.close();
  await two.close();
  same((await link.closed).code, 1000, 'closed with the last one');
  peer.stop();
});

test('tabs: how a request ends is what a client says', async () => {
  const { peer, one, two, link } = await scene();
  const refused = error(one.ask('x').answer);
  const { id } = await link.next();
  link.say({ type: 'error', reply_to: id, error_code: 'UNKNOWN_AGENT', message: 'who?', retry_after: 2 });
  const thrown = await refused;
  check(thrown instanceof PamlinkError, thrown);
  same([thrown.code, thrown.kind, thrown.errorCode, thrown.retryAfter, thrown.retryable], ['rejected', 'answer', 'UNKNOWN_AGENT', 2_000, true], 'error');
  const left = one.ask('left');
  same((await error(left.cancel())).code, 'needs_v1', 'cancel');
  const late = event(two, 'late');
  const next = await link.next();
  left.detach();
  same((await error(left.answer)).name, 'AbortError', 'detached');
  await soon();
  link.say(answer(next.id, 'late'));
  same((await late).text, 'late', 'late');
  const control = new AbortController();
  const sent = error(one.send('y', { signal: control.signal }));
  await link.next();
  control.abort('enough');
  same(await sent, 'enough', 'reason');
  same((await error(one.send(undefined))).code, 'bad_input', 'argument');
  await one.post({ type: 'note' });
  same((await link.next()).type, 'note', 'posted');
  await one.close();
  same([(await error(one.send('z'))).code, one.state], ['closed', 'closed'], 'after close');
  await two.close();
  peer.stop();
});

test('tabs: who leaves cancels its requests, and those of the others go on', async () => {
  const { tab } = connected('tabs-leave');
  const [one, two] = [tab(), tab()];
  const text = `plan ${'a long trip '.repeat(20)}`;
  const before = await server.metric('pamlink_cancels_total');
  const [mine, other] = [one.ask(text), two.ask(text)];
  await mine[Symbol.asyncIterator]().next();
  await one.close();
  same((await error(mine.answer)).code, 'closed', 'of the one');
  check((await other.answer).text.includes(text), 'the other');
  same(await server.metric('pamlink_cancels_total') - before, 1, 'cancels');
  const third = two.ask(text);
  await third[Symbol.asyncIterator]().next();
  same((await third.cancel()).outcome, 'cancelled', 'outcome');
  same((await third.ended()).type, 'cancelled', 'end');
  await two.close();
});

test('tabs: after the last one there is another client for the next, and a store of it', async () => {
  const { made, tab } = connected('tabs-again');
  const one = tab();
  same((await one.send('one')).type, 'answered', 'one');
  await one.close();
  await soon();
  same([made.length, (await error(made[0].send('x'))).code], [1, 'closed'], 'the first client');
  const two = tab();
  const store = storeOf(two);
  const key = store.ask('plan a trip');
  await new Promise((settle) => store.subscribe(() => store.getSnapshot().answers[0].status === 'answered' && settle()));
  same([made.length, key, store.getSnapshot().link.state], [2, 1, 'open'], 'the second');
  await two.close();
});

test('tabs: what goes on from a snapshot of nobody here is given to each', async () => {
  const before = client(`${server.base}tabs-kept`, { token: () => token('tabs-kept'), v1: true });
  const text = `plan ${'a long trip '.repeat(20)}`;
  await before.ask(text)[Symbol.asyncIterator]().next();
  const snapshot = await before.snapshot();
  await before.close();
  const { tab } = connected('tabs-kept', { snapshot });
  const tabs = [tab(), tab()];
  const restored = Promise.all(tabs.map((it) => event(it, 'restored')));
  tabs[0].connect();
  for (const { envelope, answer } of await restored) {
    same(envelope.message, text, 'request');
    check((await answer.answer).text.includes(text), 'answer');
  }
  check((await tabs[1].snapshot()).length > 0, 'no snapshot');
  for (const it of tabs) await it.close();
});

test('tabs: a worker that does not answer is joined once more, and is asked nothing twice', async () => {
  const { connect } = connected('tabs-silent');
  const before = await server.metric('websocket_messages_total', 'type="chat"');
  const silent = new MessageChannel();
  let joins = 0;
  const it = join(() => ((joins += 1) === 1 ? { port: silent.port1 } : connect()));
  same((await it.send('one')).type, 'answered', 'outcome');
  same([joins, await server.metric('websocket_messages_total', 'type="chat"') - before], [2, 1], 'joins, requests');
  await it.close();
  silent.port2.close();
});
