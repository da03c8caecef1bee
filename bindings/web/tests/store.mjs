// The store: what a client does, as snapshots.

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';
import { Client, client, scripted } from './peer.mjs';

const { answerOf, storeOf } = await import(pamlink('js/store.js'));
const server = await serve({ pace: '20ms' });
let users = 0;

/** A client of a server whose answers grow word by word. */
function connected(options, user = `store-${(users += 1)}`) {
  return client(`${server.base}${user}`, { token: () => token(user), v1: true, ...options });
}

/** The first snapshot that is so, from now on. */
function until(store, isSo) {
  return new Promise((settle) => {
    const look = () => {
      if (!isSo(store.getSnapshot())) return;
      off();
      settle(store.getSnapshot());
    };
    const off = store.subscribe(look);
    look();
  });
}

const first = ({ answers }) => answers[0];
const hasEnded = (answer) => answer && !['waiting', 'growing'].includes(answer.status);

test('a listener that throws ends no answer', async () => {
  const it = connected();
  const store = storeOf(it);
  const thrown = new Promise((settle) => process.once('uncaughtException', settle));
  const off = store.subscribe(() => {
    off();
    throw new Error('of the listener');
  });
  store.ask('plan a trip to the coast');
  same((await thrown).message, 'of the listener', 'thrown');
  const { status } = first(await until(store, (now) => hasEnded(first(now))));
  same(status, 'answered', 'status');
  await it.close();
});

test('a store shows the link and a text that grows, in snapshots that never change', async () => {
  const it = connected();
  const store = storeOf(it);
  same(storeOf(it) === store, true, 'the same store');
  same(store.getSnapshot(), { link: { state: 'closed', retrying: null, stopped: null }, answers: [] }, 'at first');
  const seen = [];
  store.subscribe(() => seen.push(store.getSnapshot()));
  const key = store.ask('plan a trip to the coast');
  same(first(seen[0]), { key, request: 'plan a trip to the coast', text: '', restarts: 0, status: 'waiting', outcome: null, error: null }, 'asked');
  const { status, text, outcome } = first(await until(store, (now) => hasEnded(first(now))));
  same([status, text], ['answered', outcome.text], 'end');
  const texts = seen.map((now) => first(now).text);
  check(new Set(texts).size > 3, `${new Set(texts).size} texts`);
  for (const [at, now] of seen.entries()) {
    check(Object.isFrozen(now) && Object.isFrozen(now.answers) && Object.isFrozen(first(now)), `snapshot ${at} may change`);
    check(at === 0 || now !== seen[at - 1], `snapshot ${at} is the one before`);
    check(text.startsWith(first(now).text), first(now).text);
  }
  check(seen.some(({ link }) => link.state === 'open'), 'never open');
  const growing = seen.filter((now) => first(now).status === 'growing').map(({ link }) => link);
  same(new Set(growing).size, 1, 'a link that is the same');
  await it.close();
  same(store.getSnapshot().link.state, 'closed', 'after close');
});

test('a request is stopped where its answer is', async () => {
  const it = connected();
  const store = storeOf(it);
  const key = store.ask(`plan ${'a very long trip '.repeat(20)}`);
  await until(store, (now) => first(now).text.length > 10);
  const { outcome } = await store.stop(key);
  same(outcome, 'cancelled', 'outcome');
  const { status, text, error } = first(await until(store, (now) => hasEnded(first(now))));
  same([status, error], ['cancelled', null], 'end');
  check(text.length > 10 && text.length < 300, text);
  same([await store.stop(key), await store.stop(99)], [null, null], 'what has ended, and what is none');
  store.clear();
  same(store.getSnapshot().answers, [], 'cleared');
  await it.close();
});

test('where no cancel is known, a request that is stopped is left', async () => {
  const it = connected({ v1: false });
  const store = storeOf(it);
  const key = store.ask('plan a trip to the coast');
  await until(store, (now) => first(now).text !== '');
  same(await store.stop(key), null, 'result');
  same(first(await until(store, (now) => hasEnded(first(now)))).status, 'left', 'status');
  await it.close();
});

test('how a request ends without an answer is in its snapshot', async () => {
  const peer = await scripted();
  const it = client(peer.url);
  const store = storeOf(it);
  store.ask('one');
  store.ask('two');
  const link = await peer.next();
  const { id } = await link.next();
  link.say({ type: 'error', reply_to: id, error_code: 'UNKNOWN_AGENT', message: 'who?' });
  const rejected = first(await until(store, (now) => hasEnded(first(now))));
  same([rejected.status, rejected.error.code, rejected.error.errorCode], ['rejected', 'rejected', 'UNKNOWN_AGENT'], 'rejected');
  await it.close();
  await until(store, ({ answers }) => hasEnded(answers[1]));
  const { status, error } = store.getSnapshot().answers[1];
  same([status, error.code], ['failed', 'closed'], 'closed');
  peer.stop();
});

test('a text that begins anew says so', async () => {
  const peer = await scripted();
  const it = client(peer.url);
  const store = answerOf(it.ask('one'), 'one');
  const link = await peer.next();
  const { id } = await link.next();
  link.say({ type: 'chat_response_delta', reply_to: id, content: 'fourty' });
  same((await until(store, ({ text }) => text !== '')).restarts, 0, 'before');
  link.say({ type: 'chat_response', reply_to: id, message: 'forty', content: 'forty' });
  const { text, restarts } = await until(store, hasEnded);
  same([text, restarts], ['forty', 1], 'after');
  await it.close();
  peer.stop();
});

test('a server that is gone is an attempt that comes next', async () => {
  const peer = await scripted();
  const it = client(peer.url, { backoffCapMs: 100 });
  const store = storeOf(it);
  it.connect();
  (await peer.next()).link.terminate();
  const { link } = await until(store, ({ link }) => link.retrying);
  same([link.retrying.class, link.retrying.attempt > 0], ['network', true], 'attempt');
  await peer.next();
  same((await until(store, ({ link }) => link.state === 'open')).link.retrying, null, 'open again');
  await it.close();
  peer.stop();
});

test('of answers that have ended the last hundred are kept', async () => {
  const it = new Client('ws://127.0.0.1:1/');
  await it.close();
  const store = storeOf(it);
  for (let n = 1; n <= 105; n += 1) store.ask(`${n}`);
  const { answers } = await until(store, ({ answers }) => answers.every(hasEnded));
  same([answers.length, answers[0].key, answers.at(-1).request], [100, 6, '105'], 'kept');
});

test('what goes on from a snapshot is among the answers', async () => {
  const before = connected({}, 'store-killed');
  const text = `plan ${'a long trip '.repeat(10)}`;
  const store = storeOf(before);
  store.ask(text);
  await until(store, (now) => first(now).text !== '');
  const snapshot = await before.snapshot();
  await before.close();
  const after = connected({ snapshot }, 'store-killed');
  after.connect();
  const restored = first(await until(storeOf(after), (now) => hasEnded(first(now))));
  same([restored.request, restored.status], [text, 'answered'], 'restored');
  check(restored.text.includes(text), restored.text);
  await after.close();
});
