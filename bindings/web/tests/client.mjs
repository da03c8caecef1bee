// The client against a server whose every word the test chooses.

import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { size, ws } from './package.mjs';
import { Client, PamlinkError, client, error, event, load, scripted, soon } from './peer.mjs';

/** A server and a client of it, for one test. */
async function pair(options, server) {
  const peer = await scripted(server);
  const it = client(peer.url, options);
  return { it, peer, end: async () => { await it.close(); peer.stop(); } };
}

const answer = (to, message, more = {}) => ({ type: 'chat_response', reply_to: to, message, content: message, ...more });
const piece = (to, content) => ({ type: 'chat_response_delta', reply_to: to, content });

test('a request is asked, and its answer is read as it grows', async () => {
  const { it, peer, end } = await pair();
  const asked = it.ask('fuel so far?', { agent: 'finance', context: { trip: 7 } });
  const link = await peer.next();
  const chat = await link.next();
  same([chat.message, chat.agent, chat.context, chat.stream], ['fuel so far?', 'finance', { trip: 7 }, true], 'chat');
  const pieces = [];
  link.say(piece(chat.id, 'forty '));
  for await (const { text, restart } of asked) {
    pieces.push([text, restart]);
    if (pieces.length === 1) link.say(answer(chat.id, 'forty euros'));
  }
  same(pieces, [['forty ', false], ['euros', false]], 'pieces');
  const whole = await asked.answer;
  same([whole.type, whole.text, whole.envelope.reply_to], ['answered', 'forty euros', chat.id], 'answer');
  await end();
});

test('send has an outcome, whatever it is', async () => {
  const { it, peer, end } = await pair();
  const [first, second] = [it.send('one'), it.send('two')];
  const link = await peer.next();
  const [one, two] = [await link.next(), await link.next()];
  link.say({ type: 'error', reply_to: two.id, error_code: 'RATE_LIMIT_EXCEEDED', message: 'slow down', retry_after: 2 });
  link.say(answer(one.id, 'done'));
  same((await first).text, 'done', 'text');
  const { type, errorCode, retryAfter, message } = await second;
  same([type, errorCode, retryAfter, message], ['rejected', 'RATE_LIMIT_EXCEEDED', 2_000, 'slow down'], 'rejection');
  await end();
});

test('an answer that is none is thrown by its code', async () => {
  const { it, peer, end } = await pair();
  const asked = it.ask('one');
  const link = await peer.next();
  link.say({ type: 'error', reply_to: (await link.next()).id, error_code: 'UNKNOWN_AGENT', message: 'who?' });
  const thrown = await error((async () => { for await (const _ of asked); })());
  check(thrown instanceof PamlinkError && thrown instanceof Error, thrown);
  same([thrown.name, thrown.code, thrown.kind, thrown.errorCode], ['PamlinkError', 'rejected', 'answer', 'UNKNOWN_AGENT'], 'error');
  same((await error(asked.answer)).code, 'rejected', 'the same of the whole');
  await end();
});

test('a server of pam whose library names whatever is offered is answered in pam', async () => {
  const { it, peer, end } = await pair({ v1: true });
  const asked = it.ask('fuel so far?');
  const first = await peer.next();
  same([first.link.protocol, first.request.url], ['pamlink.v1', '/api/v1/pam/ws/ann'], 'the first link');
  const link = await peer.next();
  same([link.link.protocol, link.request.url], ['', '/api/v1/pam/ws/ann?token=a.b.c'], 'the next');
  same((await first.closed).code, 4003, 'close');
  const chat = await link.next();
  link.say(answer(chat.id, 'forty euros'));
  same((await asked.answer).text, 'forty euros', 'answer');
  await end();
});

test('leaving the loop lets the request go; what comes is a late event', async () => {
  const { it, peer, end } = await pair();
  const link = peer.next();
  const late = event(it, 'late');
  let id;
  for await (const { text } of (setTimeout(async () => {
    id = (await (await link).next()).id;
    (await link).say(piece(id, 'begin'));
  }, 5), it.ask('long'))) {
    same(text, 'begin', 'piece');
    break;
  }
  await soon();
  (await link).say(answer(id, 'begin and end'));
  same((await late).text, 'begin and end', 'late');
  await end();
});

test('a cancel over the pam dialect is refused by its code', async () => {
  const { it, peer, end } = await pair();
  const asked = it.ask('long');
  const link = await peer.next();
  await link.next();
  same((await error(asked.cancel())).code, 'needs_v1', 'code');
  asked.detach();
  await end();
});

/** The other end of a session over `pamlink.v1`, and the first item that comes. */
async function session(peer) {
  const link = await peer.next();
  const [hello, open] = [await link.next(), await link.next()];
  same([hello.type, open.type, link.link.protocol], ['hello', 'open', 'pamlink.v1'], 'beginning');
  link.say({ type: 'welcome', version: 1, features: 0, limits: { message: 1 << 20 }, heartbeat: 20_000 });
  link.say({
    type: 'opened', session: '9f7cf6e61475a76e32ae0969b6eafc46', answer: 'begun', received: open.sent,
    from: ['cad05a8565f68845', 0], sent: ['cad05a8565f68845', 0], log: '194cce8d638926b5',
    window: { envelopes: 512, bytes: 262_144 }, keep: 120_000,
  });
  const item = await link.next();
  /** The stream has these, and what came of a cancel. */
  const cancelled = (of, outcome) => {
    link.say({ type: 'cancel_result', at: ['cad05a8565f68845', 1], of: of.at, received: of.at,
      results: [{ stream: item.stream, outcome, offset: 5 }] });
    link.say({ type: 'end', stream: item.stream, at: ['194cce8d638926b5', 2], offset: 5, how: 'cancelled' });
  };
  link.say({ type: 'piece', stream: item.stream, at: ['194cce8d638926b5', 1], offset: 0, append: 'Once ' });
  return { link, item, cancelled };
}

test('a cancel over pamlink.v1 has the outcome that the server gives it', async () => {
  const { it, peer, end } = await pair({ v1: true }, { welcome: null });
  const asked = it.ask('a story');
  const { link, item, cancelled } = await session(peer);
  const pieces = asked[Symbol.asyncIterator]();
  same((await pieces.next()).value.text, 'Once ', 'piece');
  const result = asked.cancel();
  const cancel = await link.next();
  same([cancel.type, cancel.stream], ['cancel', item.stream], 'cancel');
  cancelled(cancel, 'cancelled');
  same(await result, { outcome: 'cancelled', offset: 5, errorCode: null }, 'result');
  same((await error(pieces.next())).code, 'request_cancelled', 'the loop');
  same((await asked.ended()).type, 'cancelled', 'outcome');
  await end();
});

test('a request of the client before is an event with its answer', async () => {
  const { it, peer, end } = await pair({ v1: true }, { welcome: null });
  it.ask('a story').answer.catch(() => {});
  await session(peer);
  const snapshot = await it.snapshot();
  const next = client(peer.url, { v1: true, snapshot });
  const restored = event(next, 'restored');
  next.connect();
  const { envelope, answer } = await restored;
  same(envelope.message, 'a story', 'request');
  await next.close();
  same((await error(answer.answer)).code, 'closed', 'its end');
  await end();
});

test('leaving the loop over pamlink.v1 cancels', async () => {
  const { it, peer, end } = await pair({ v1: true }, { welcome: null });
  const asked = it.ask('a story');
  const other = session(peer);
  for await (const { text } of asked) {
    same(text, 'Once ', 'piece');
    break;
  }
  const { link, cancelled } = await other;
  const cancel = await link.next();
  same(cancel.type, 'cancel', 'type');
  cancelled(cancel, 'cancelled');
  // Nobody is told any more.
  same((await error(asked.ended())).name, 'AbortError', 'outcome');
  await end();
});

test('a request that was never sent is dropped by a cancel', async () => {
  const { it, end } = await pair({ token: () => new Promise(() => {}) });
  const asked = it.ask('later');
  same((await asked.cancel()).outcome, 'cancelled', 'outcome');
  same((await error(asked.answer)).code, 'request_cancelled', 'code');
  same((await asked.cancel()).outcome, 'ended', 'again');
  await end();
});

test('a request that its caller leaves before the engine is there is not sent', async () => {
  const { it, peer, end } = await pair();
  const control = new AbortController();
  const sent = error(it.send('never', { signal: control.signal }));
  const asked = it.ask('neither');
  control.abort();
  asked.detach();
  same([(await sent).name, (await error(asked.answer)).name], ['AbortError', 'AbortError'], 'errors');
  const third = it.send('third');
  const link = await peer.next();
  const chat = await link.next();
  same(chat.message, 'third', 'the first that is sent');
  link.say(answer(chat.id, 'done'));
  same((await third).text, 'done', 'answer');
  await end();
});

test('an AbortSignal ends the wait with its reason', async () => {
  const { it, peer, end } = await pair();
  const control = new AbortController();
  const sent = it.send('long', { signal: control.signal });
  await (await peer.next()).next();
  control.abort();
  same((await error(sent)).name, 'AbortError', 'error');
  same((await error(it.send('x', { signal: AbortSignal.abort('why not') }))), 'why not', 'reason');
  await end();
});

test('an envelope is posted over an open link, or not at all', async () => {
  const { it, peer, end } = await pair();
  same((await error(it.post({ type: 'note' }))).code, 'not_open', 'before');
  await event(it, 'welcomed');
  await it.post({ type: 'note', n: 1 });
  same(await (await peer.next()).next(), { type: 'note', n: 1 }, 'envelope');
  same((await error(it.post('{"no":"type"}'))).code, 'not_an_envelope', 'code');
  await end();
});

test('pushes are events, by type and in a loop; ids beyond 2^53 stay as they are', async () => {
  const { it, peer, end } = await pair();
  it.connect();
  const seen = [];
  const off = it.on('message', (push) => seen.push([push.kind, push.id, push.text]));
  const loop = (async () => {
    const kinds = [];
    for await (const { type } of it) {
      kinds.push(type);
      if (type === 'repeated') break;
    }
    return kinds;
  })();
  const link = await peer.next();
  const push = '{"type":"proactive_alert","id":9007199254740993,"message":"fuel is low"}';
  link.say(push);
  link.say(push);
  const kinds = await loop;
  same(kinds.slice(-3), ['welcomed', 'message', 'repeated'], 'types');
  same(seen, [['proactive_alert', '9007199254740993', 'fuel is low']], 'pushes');
  off();
  const leaving = new AbortController();
  it.on('message', ({ id }) => seen.push(id), { signal: leaving.signal });
  it.on('message', ({ id }) => seen.push(id), { signal: AbortSignal.abort() });
  link.say('{"type":"proactive_alert","id":2,"message":"again"}');
  await event(it, 'message');
  same(seen.slice(1), ['2'], 'after off');
  leaving.abort();
  link.say('{"type":"proactive_alert","id":3,"message":"again"}');
  await event(it, 'message');
  same(seen.length, 2, 'after the signal');
  const held = new AbortController();
  const listening = { added: 0 };
  held.signal.addEventListener = () => (listening.added += 1);
  held.signal.removeEventListener = () => (listening.added -= 1);
  it.on('message', () => {}, { signal: held.signal })();
  same(listening.added, 0, 'what a signal that lives on holds');
  await end();
});

test('a loop that is slow loses the oldest, and hears how many', async () => {
  const { it, peer, end } = await pair({ buffer: 3 });
  it.connect();
  const events = it[Symbol.asyncIterator]();
  const link = await peer.next();
  for (let at = 0; at < 20; at += 1) link.say({ type: 'note', n: at });
  let count = 0;
  await new Promise((settle) => it.on('message', () => (count += 1) === 20 && settle()));
  const { value } = await events.next();
  check(value.type === 'lost' && value.count >= 17, value);
  same((await events.next()).value.envelope.n, 17, 'the oldest that is left');
  await end();
  await events.next();
  await events.next();
  await events.next();
  const rest = [];
  for await (const it of events) rest.push(it.type);
  check(!rest.includes('message'), rest);
});

test('one listener that throws harms nobody else', async () => {
  const { it, peer, end } = await pair();
  const thrown = new Promise((settle) => process.once('uncaughtException', settle));
  it.on('welcomed', () => { throw new Error('of the listener'); });
  const next = event(it, 'welcomed');
  it.connect();
  await peer.next();
  await next;
  same((await thrown).message, 'of the listener', 'error');
  await end();
});

test('a token is asked for when it is missing, refused and due', async () => {
  const needs = [];
  const { it, peer, end } = await pair({ token: async (need) => { needs.push(need); return `t${needs.length}`; } });
  it.connect();
  const first = await peer.next();
  check(first.request.url.endsWith('?token=t1'), first.request.url);
  first.link.close(4001, 'token expired');
  const second = await peer.next();
  check(second.request.url.endsWith('?token=t2'), second.request.url);
  same(needs, ['missing', 'rejected'], 'needs');
  await end();
});

test('a token that is denied stops the client, and connect starts it again', async () => {
  let denied = true;
  const { it, peer, end } = await pair({
    token: () => { if (denied) throw new PamlinkError('token_denied'); return 'good'; },
  });
  const sent = it.send('x');
  const { class: kind } = await event(it, 'stopped');
  same([kind, (await sent).type], ['authentication', 'unsent'], 'end');
  same((await error(it.send('y'))).code, 'stopped', 'code');
  denied = false;
  it.connect();
  await peer.next();
  await end();
});

test('the only token, once it is refused, is not offered again', async () => {
  const { it, peer, end } = await pair();
  it.connect();
  (await peer.next()).link.close(4001, 'token expired');
  same((await event(it, 'stopped')).class, 'authentication', 'class');
  await end();
});

test('codes that no platform takes are closed without one', async () => {
  const { it, peer, end } = await pair({ maxMessageBytes: 1_024 });
  it.connect();
  const link = await peer.next();
  link.say({ type: 'note', text: 'x'.repeat(2_000) });
  same((await link.closed).code, 1005, 'code');
  await end();
});

test('a client that is closed says 1000, and everything of it ends', async () => {
  const { it, peer, end } = await pair();
  const sent = error(it.send('x'));
  const link = await peer.next();
  await link.next();
  const loop = (async () => { const types = []; for await (const { type } of it) types.push(type); return types; })();
  await it.close();
  same((await link.closed).code, 1000, 'code');
  same((await sent).code, 'closed', 'request');
  check((await loop).includes('closed'), 'the loop has seen the end');
  same([it.state, (await error(it.send('y'))).code], ['closed', 'closed'], 'after');
  await end();
});

test('a link that breaks is made anew, and what had no answer is asked again', async () => {
  const { it, peer, end } = await pair({ backoffCapMs: 100 });
  const sent = it.send('once');
  const first = await peer.next();
  const { id } = await first.next();
  first.link.terminate();
  const second = await peer.next();
  const again = await second.next();
  same([again.id, again.message], [id, 'once'], 'the same request');
  second.say(answer(id, 'at last'));
  same((await sent).text, 'at last', 'answer');
  await end();
});

test('a refused upgrade comes with its status, and by when to come again', async () => {
  let status = 503;
  const { it, peer, end } = await pair(
    { backoffCapMs: 100 }, { refuse: () => status, headers: { 'retry-after': '0' } });
  it.connect();
  const retrying = await event(it, 'retrying');
  same([retrying.status, retrying.class], [503, 'server_unavailable'], 'end');
  status = undefined;
  await peer.next();
  await end();
});

test('nothing that listens has no status', async () => {
  const { it, peer, end } = await pair({ backoffCapMs: 100 });
  peer.stop();
  it.connect();
  const retrying = await event(it, 'retrying');
  same([retrying.status, retrying.class], [null, 'network'], 'end');
  await end();
});

test('a WebSocket that ends the attempt, and nothing throws', async () => {
  for (const WebSocket of [null, class { constructor() { throw new Error('of the constructor'); } }]) {
    const it = client('ws://127.0.0.1:1/api/v1/pam/ws/ann', { WebSocket: WebSocket ?? {} });
    it.connect();
    const seen = await Promise.race([event(it, 'stopped'), event(it, 'retrying')]);
    same(seen.class, 'setup', 'class');
    await it.close();
  }
});

/** A WebSocket of which the test moves every part. */
function manual() {
  const made = [];
  class Manual {
    readyState = 0;
    bufferedAmount = 0;
    protocol = '';
    sent = [];
    closes = [];
    constructor(url, protocols) {
      Object.assign(this, { url, protocols });
      made.push(this);
    }
    send(text) { this.sent.push(JSON.parse(text)); }
    close(...given) {
      if (given.length > 0 && given[0] !== 1000 && !(given[0] >= 3000 && given[0] < 5000)) throw new Error('InvalidAccessError');
      this.closes.push(given);
      this.readyState = 2;
    }
    open() { this.readyState = 1; this.onopen({}); }
    hear(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
  }
  return { made, Manual, next: async () => { while (made.length === 0) await soon(1); return made.shift(); } };
}
const WELCOME = { type: 'connection', status: 'connected', epoch: 'e', features: ['reply_to', 'repeat'] };

test('what a dropped transport still says is not heard', async () => {
  const { Manual, next } = manual();
  const it = client('ws://h/api/v1/pam/ws/ann', { WebSocket: Manual, dialTimeoutMs: 30, backoffCapMs: 100 });
  const seen = [];
  it.on('message', ({ text }) => seen.push(text));
  it.connect();
  const old = await next();
  // Its dial takes too long: it is forgotten, and another one is made.
  const fresh = await next();
  old.open();
  old.hear(WELCOME);
  old.hear({ type: 'note', message: 'of the old one' });
  old.onclose({ code: 1006, reason: '' });
  fresh.open();
  fresh.hear(WELCOME);
  fresh.hear({ type: 'note', message: 'of the new one' });
  same([seen, it.state], [['of the new one'], 'open'], 'heard');
  const closing = it.close();
  fresh.onclose({ code: 1000, reason: '' });
  await closing;
});

test('a server that names no subprotocol is called again in pam', async () => {
  // As a platform does: it fails the link, and does not say why.
  const { made, Manual, next } = manual();
  const it = client('ws://h/api/v1/pam/ws/ann', { WebSocket: Manual, v1: true });
  it.connect();
  const first = await next();
  same(first.protocols, ['pamlink.v1'], 'offered');
  first.onerror?.({});
  first.onclose({ code: 1006, reason: '' });
  const second = await next();
  same([second.protocols ?? [], made.length], [[], 0], 'offered again');
  second.open();
  second.hear(WELCOME);
  await soon(5);
  same(it.state, 'open', 'state');
  const closing = it.close();
  second.onclose({ code: 1000, reason: '' });
  await closing;
});

test('a wrong argument is an error of its call, and harms no other', async () => {
  const { it, peer, end } = await pair();
  const sound = it.send('sound');
  same((await error(it.send(undefined))).code, 'bad_input', 'code');
  const link = await peer.next();
  link.say(answer((await link.next()).id, 'well'));
  same((await sound).type, 'answered', 'outcome');
  await end();
});

test('what waited for the platform goes on with what the engine hands out meanwhile', async () => {
  const { Manual, next } = manual();
  const it = client('ws://h/api/v1/pam/ws/ann', { WebSocket: Manual, maxRequestBytes: 64 << 20, maxRequests: 500 });
  it.connect();
  const socket = await next();
  socket.open();
  socket.hear(WELCOME);
  const send = (size) => it.send('x'.repeat(size)).catch(() => {});
  socket.bufferedAmount = 1 << 20;
  for (let n = 0; n < 40; n += 1) send(4_000);
  await soon(60);
  socket.bufferedAmount = 0;
  await soon(100);
  for (let n = 0; n < 3; n += 1) send(100_000);
  send(10);
  await soon(200);
  same(socket.sent.length, 44, 'sent');
  const closing = it.close();
  socket.onclose({ code: 1000, reason: '' });
  await closing;
});

test('each of two who wait for an event at once gets one', async () => {
  const { it, peer, end } = await pair();
  const events = it[Symbol.asyncIterator]();
  const both = Promise.all([events.next(), events.next()]);
  it.connect();
  await peer.next();
  same((await both).map(({ done }) => done), [false, false], 'both');
  await end();
});

test('the engine waits while the platform has not written', async () => {
  const { Manual, next } = manual();
  const it = client('ws://h/api/v1/pam/ws/ann', { WebSocket: Manual, maxRequestBytes: 4 << 20, maxRequests: 60 });
  const sent = Array.from({ length: 60 }, () => it.send('x'.repeat(4_000)));
  for (const each of sent) each.catch(() => {});
  const socket = await next();
  socket.open();
  socket.bufferedAmount = 1 << 20;
  socket.hear(WELCOME);
  await soon(100);
  const before = socket.sent.length;
  check(before > 10 && before < 40, `${before} were written`);
  socket.bufferedAmount = 0;
  await soon(100);
  same(socket.sent.length, 60, 'written');
  const closing = it.close();
  socket.onclose({ code: 1000, reason: '' });
  await closing;
});

test('what came while the page was frozen goes before its timers', async () => {
  const { Manual, next } = manual();
  const it = client('ws://h/api/v1/pam/ws/ann', { WebSocket: Manual, requestTimeoutMs: 1_000 });
  const sent = it.send('x');
  const socket = await next();
  socket.open();
  socket.hear(WELCOME);
  await soon(5);
  const [{ id }] = socket.sent;
  // Both are due when the page goes on: the platform takes the timer first.
  setTimeout(() => {
    const until = performance.now() + 2_200;
    while (performance.now() < until);
    setTimeout(() => socket.hear(answer(id, 'in time')), 0);
  }, 5);
  same((await sent).type, 'answered', 'outcome');
  const closing = it.close();
  socket.onclose({ code: 1000, reason: '' });
  await closing;
});

test('signals of the page are given to the engine', async () => {
  const target = new EventTarget();
  // What is said of the document bubbles.
  const document = { hidden: true };
  const before = { addEventListener: globalThis.addEventListener, document: globalThis.document };
  globalThis.addEventListener = target.addEventListener.bind(target);
  globalThis.document = document;
  const { Manual, next } = manual();
  const it = client('ws://h/api/v1/pam/ws/ann', { WebSocket: Manual });
  it.connect();
  const socket = await next();
  socket.open();
  socket.hear(WELCOME);
  await soon(5);
  target.dispatchEvent(new Event('visibilitychange'));
  await soon(5);
  same(socket.sent.filter(({ type }) => type === 'ping').length, 0, 'hidden');
  document.hidden = false;
  target.dispatchEvent(new Event('visibilitychange'));
  await soon(5);
  same(socket.sent.filter(({ type }) => type === 'ping').length, 1, 'shown');
  socket.hear({ type: 'pong' });
  // A page that is not seen may have an answer that runs.
  document.hidden = true;
  target.dispatchEvent(new Event('online'));
  await soon(5);
  same(socket.sent.filter(({ type }) => type === 'ping').length, 2, 'online');
  Object.assign(globalThis, before);
  const closing = it.close();
  socket.onclose({ code: 1000, reason: '' });
  await closing;
});

test('what is wrong with the options is thrown by their name', async () => {
  const of = async (url, options) => error(client(url, options).send('x'));
  same((await of('http://h/')).code, 'bad_url', 'url');
  const bounds = await of('ws://h/', { maxRequests: 0 });
  same([bounds.code, bounds.message], ['bad_option', 'max_requests is 0, not from 1 to 65536'], 'bounds');
  same((await of('ws://h/', { colour: 'red' })).code, 'bad_option', 'unknown');
});

test('the module may be given: bytes, compiled, a response, an address', async () => {
  const bytes = size('js/pamlink.wasm');
  const response = (type) => new Response(bytes, { headers: { 'content-type': type } });
  const sources = [
    bytes, WebAssembly.compile(bytes), Promise.resolve(bytes), new URL(`file://${process.cwd()}/target/npm/pamlink/js/pamlink.wasm`),
    response('application/wasm'), response('application/octet-stream'),
  ];
  for (const source of sources) {
    check((await load(source)) instanceof WebAssembly.Module, 'no module');
  }
  const { it, peer, end } = await pair({ wasm: bytes });
  it.connect();
  await peer.next();
  await end();
  const broken = client('ws://h/', { wasm: new Uint8Array([1, 2, 3]) });
  same((await error(broken.send('x'))).code, 'bad_wasm', 'error');
});

test('a context that is no object, and a client that was closed early, are seen', async () => {
  const { it, end } = await pair();
  same((await error(it.send('x', { context: '[1]' }))).code, 'bad_context', 'code');
  await end();
  const early = client('ws://h/');
  await early.close();
  same((await error(early.send('x'))).code, 'closed', 'code');
  check(typeof Client.prototype[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')] === 'function', 'no dispose');
});

test('every instance has a client of its own, and little memory', async () => {
  const module = await load();
  const instance = new WebAssembly.Instance(module, {});
  same(WebAssembly.Module.imports(module), [], 'imports');
  check(instance.exports.memory.buffer.byteLength <= 256 * 1024, instance.exports.memory.buffer.byteLength);
  same(typeof ws.WebSocket, 'function', 'ws');
});
