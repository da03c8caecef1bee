// The npm package `ws` (what existing web clients are tested with) against `pamlink serve`.

import { devToken, serve, token } from './pamlink.mjs';
import { Peer, prose, seen, someone } from './peer.mjs';
import { check, run, same, test } from './tap.mjs';
import { like } from './like.mjs';

const ANSWER = {
  type: 'chat_response', message: '$string', content: '$same:message', ui_actions: '$array',
  error: false, timestamp: '$string',
};
// What an answer of each of the default agents has, and of no other.
const AGENTS = { finance: 'Financial', trips: 'Mapping', health: 'Health', voice: 'Voice', chat: 'Chat' };
const EFFECTS = 'pamlink_request_latency_seconds_count'; // requests that an agent has answered
const plenty = { messages: 100_000, per_ms: 1_000 };
const server = await serve({ config: { rate: plenty, heartbeat: { interval_ms: 500 } } });
const welcomed = (user = someone()) => Peer.welcomed(server.url(user));

test('the first frame is the welcome', async () => {
  const peer = await welcomed();
  like(peer.welcome, { type: 'connection', status: 'connected', timestamp: '$string' }, 'welcome');
  check(peer.welcome.features.includes('reply_to'), peer.welcome);
  same(await peer.close(), { code: 1000, reason: '' }, 'close');
});

test('a chat is answered with equal message and content', async () => {
  const peer = await welcomed();
  like(await peer.ask({ message: 'hello' }), ANSWER, 'answer');
  await peer.close();
});

test('a ping is answered with a pong', async () => {
  const peer = await welcomed();
  peer.send({ type: 'ping', timestamp: Date.now() });
  like(await peer.next(), { type: 'pong' }, 'pong');
  await peer.close();
});

test('the server pings in the configured interval', async () => {
  const peer = await welcomed();
  const began = Date.now();
  for (let ping = 0; ping < 3; ping += 1) {
    like(await peer.next((frame) => frame.type === 'ping'), { timestamp: '$string' }, 'ping');
  }
  const took = Date.now() - began;
  check(took > 700 && took < 5_000, `three pings took ${took} ms`);
  await peer.close();
});

test('two chats in flight get their own answers by id', async () => {
  const peer = await welcomed();
  peer.send({ type: 'chat', id: 'one', agent: 'finance', message: 'first' });
  peer.send({ type: 'chat', id: 'two', agent: 'trips', message: 'second' });
  const answers = {};
  for (const frame of [await peer.next(), await peer.next()]) answers[frame.reply_to] = frame;
  check(answers.one.message.includes(AGENTS.finance), answers.one);
  check(answers.two.message.includes(AGENTS.trips), answers.two);
  await peer.close();
});

test('chats without ids are answered in their order', async () => {
  const peer = await welcomed();
  const agents = ['finance', 'trips', 'health', 'voice', 'chat', 'trips', 'finance'];
  for (const [at, agent] of agents.entries()) {
    peer.send({ type: 'chat', agent, message: `request ${at}` });
  }
  for (const agent of agents) {
    const answer = await peer.next();
    check(answer.message.includes(AGENTS[agent]), `${agent}: ${JSON.stringify(answer)}`);
    same(answer.reply_to, undefined, 'reply_to');
  }
  await peer.close();
});

for (const [agent, name] of Object.entries(AGENTS)) {
  test(`the agent ${agent} answers by name`, async () => {
    const peer = await welcomed();
    const answer = await peer.ask({ agent, message: 'who are you?' });
    like(answer, ANSWER, 'answer');
    check(answer.message.includes(name), answer);
    await peer.close();
  });
}

test('an unknown agent is a typed error', async () => {
  const peer = await welcomed();
  const answer = await peer.ask({ agent: 'astrologer', message: 'well?', id: 'a_1' });
  like(answer, { type: 'error', error_code: 'UNKNOWN_AGENT', message: '$string', reply_to: 'a_1' }, 'error');
  same(await peer.alive(), []);
  await peer.close();
});

const refusals = {
  'an unknown type': ['{"type":"teleport"}', 'UNKNOWN_TYPE'],
  'malformed JSON': ['{"type":"chat","message":"x"', 'FORMAT_ERROR'],
  'text that is no object': ['[1,2]', '$string'],
  'an object without a type': ['{"message":"x"}', '$string'],
  'deep nesting': [`{"type":"chat","message":"x","context":${'['.repeat(64)}${']'.repeat(64)}}`, '$string'],
  'very deep nesting': [`{"type":"chat","context":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '$string'],
  'a message over its size': [JSON.stringify({ type: 'chat', message: prose(140_000) }), 'MESSAGE_TOO_LARGE'],
};
for (const [name, [text, code]] of Object.entries(refusals)) {
  test(`${name} is refused and the link stays open`, async () => {
    const peer = await welcomed();
    peer.sendText(text);
    like(await peer.next(), { type: 'error', message: '$string', error_code: code }, 'error');
    same(await peer.alive(), []);
    like(await peer.ask({ message: 'still there?' }), ANSWER, 'answer');
    await peer.close();
  });
}

test('five refusals are forgiven, one more closes the link with 4003', async () => {
  const peer = await welcomed();
  for (let at = 0; at < 5; at += 1) {
    peer.sendText('not json');
    like(await peer.next(), { type: 'error', error_code: 'FORMAT_ERROR' }, 'refusal');
  }
  same(await peer.alive(), []);
  peer.sendText('not json');
  same((await peer.closed).code, 4003, 'code');
});

test('a message that is larger than any may be closes the link', async () => {
  const peer = await welcomed();
  peer.sendText(JSON.stringify({ type: 'chat', message: prose(1_200_000) }));
  const { code } = await peer.closed;
  check([1009, 4009].includes(code), `closed with ${code}`);
});

test('a message that is inflated beyond all proportion closes the link', async () => {
  const peer = await welcomed();
  peer.sendText(JSON.stringify({ type: 'chat', message: 'x'.repeat(1_000_000) }));
  same((await peer.closed).code, 1009, 'code');
});

const payloads = {
  enums: { context: { input_mode: 'text', event: 'USER_MESSAGE', priority: 'urgent' } },
  nesting: { context: { a: { b: [{ c: [1, 2.5, -3e-7, true, null] }] } }, metadata: { k: [[]] } },
  'Unicode text': { message: 'Grüße aus 東京 🚐👩‍🚀 \u2028\u2029 שלום \u0000 end' },
  'an escaped lone surrogate': { message: '\ud800 alone' },
  'numbers beyond 2^53': { context: { big: 12345678901234567890, far: 1e300 } },
  'an empty context': { context: {} },
};
for (const [name, payload] of Object.entries(payloads)) {
  test(`${name} in a payload hurts nothing`, async () => {
    const peer = await welcomed();
    like(await peer.ask({ message: 'payload', ...payload }), ANSWER, 'answer');
    same(await peer.alive(), []);
    await peer.close();
  });
}

test('a repeated id gets the first answer and has no second effect', async () => {
  const peer = await welcomed();
  const before = [await server.metric(EFFECTS), await server.metric('pamlink_duplicates_total')];
  const first = await peer.ask({ id: 'd_1', message: 'spend 40 on fuel' });
  const again = await peer.ask({ id: 'd_1', message: 'spend 40 on fuel' });
  same(again, first, 'the answer to the repeat');
  const after = [await server.metric(EFFECTS), await server.metric('pamlink_duplicates_total')];
  same([after[0] - before[0], after[1] - before[1]], [1, 1], 'effects, repeats');
  await peer.close();
});

test('a repeat after a reconnect gets the first answer', async () => {
  const user = someone();
  const before = await server.metric(EFFECTS);
  const lost = await welcomed(user);
  const first = await lost.ask({ id: 'r_1', message: 'book it' });
  lost.socket.terminate();
  const peer = await welcomed(user);
  const again = await peer.ask({ id: 'r_1', message: 'book it' });
  same([again.message, again.reply_to], [first.message, 'r_1'], 'answer');
  same(await server.metric(EFFECTS) - before, 1, 'effects');
  await peer.close();
});

test('equal requests without ids are two requests', async () => {
  const peer = await welcomed();
  const before = await server.metric(EFFECTS);
  like(await peer.ask({ message: 'again' }), ANSWER, 'first');
  like(await peer.ask({ message: 'again' }), ANSWER, 'second');
  same(await server.metric(EFFECTS) - before, 2, 'effects');
  await peer.close();
});

const now = Math.floor(Date.now() / 1000);
const badTokens = {
  garbage: () => 'garbage',
  empty: () => '',
  expired: (user) => token(user, { exp: now - 3_600, iat: now - 7_200 }),
  'not yet valid': (user) => token(user, { nbf: now + 3_600 }),
  'without an expiry': (user) => token(user, { exp: undefined }),
  'of another user': () => token('somebody-else'),
  'of another user with a service role': () => token('somebody-else', { role: 'service_role' }),
  'with a forged signature': (user) => token(user, {}, {}, 'another secret that is long enough, too: 01234'),
  'without a signature (alg none)': (user) => `${token(user, {}, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
};
for (const [name, make] of Object.entries(badTokens)) {
  test(`a token ${name} closes the link with 4001`, async () => {
    const user = someone();
    const jwt = make(user);
    const { code, reason } = await new Peer(server.url(user, jwt)).closed;
    same(code, 4001, 'code');
    check(Buffer.byteLength(reason) <= 123 && (jwt === '' || !reason.includes(jwt)), reason);
  });
}

test('a missing token is refused with HTTP 403', async () => {
  same(await new Peer(server.base + someone()).refused, 403, 'status');
});

test('a missing user is refused before the upgrade', async () => {
  const status = await new Peer(`${server.base}?token=${token('x')}`).refused;
  check(status >= 400 && status < 500, `status ${status}`);
});

// Requests and answers of all sizes, and more than is answered.
const talk = [1, 90, 600, 4_900].map((size) => ({ message: prose(size) }));
talk.push({ message: 'and all that was before', notes: prose(55_000) });

/** Has the same talk on each link; how many bytes it took. */
async function talked(url, options) {
  const peer = await Peer.welcomed(url, options);
  const { bytesRead, bytesWritten } = peer.socket._socket;
  for (const chat of [...talk, ...talk]) {
    const answer = await peer.ask(chat);
    like(answer, ANSWER, 'answer');
    check(answer.message.endsWith(chat.message), `${answer.message.length} characters`);
  }
  const { extensions, _socket } = peer.socket;
  const took = { read: _socket.bytesRead - bytesRead, written: _socket.bytesWritten - bytesWritten };
  await peer.close();
  return { extensions, ...took };
}

const offers = {
  'as the package offers it': true,
  'without takeover': { serverNoContextTakeover: true, clientNoContextTakeover: true },
  'with small windows': { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  'with a window that it does not choose': { clientMaxWindowBits: 12, serverMaxWindowBits: 12 },
};
for (const [name, perMessageDeflate] of Object.entries(offers)) {
  test(`messages are compressed in both directions, ${name}`, async () => {
    const plain = await talked(server.url(someone()), { perMessageDeflate: false });
    const small = await talked(server.url(someone()), { perMessageDeflate });
    same([plain.extensions, small.extensions], ['', 'permessage-deflate'], 'extensions');
    const shrunk = small.read < plain.read / 2 && small.written < plain.written / 2;
    check(shrunk, `plain ${JSON.stringify(plain)}, compressed ${JSON.stringify(small)}`);
  });
}

test('compressed and plain messages mix, and neither disturbs the other', async () => {
  const peer = await welcomed();
  for (let at = 0; at < 60; at += 1) {
    const message = prose((at * 97) % 2_000);
    peer.socket.send(JSON.stringify({ type: 'chat', message }), { compress: at % 3 !== 0 });
    const answer = await peer.next();
    check(answer.message.endsWith(message), `message ${at}: ${JSON.stringify(answer)}`);
  }
  await peer.close();
});

test('fragments of a compressed message, with pings between them, are one message', async () => {
  const peer = await welcomed();
  const chat = { type: 'chat', message: prose(4_000), notes: prose(50_000) };
  for (let times = 0; times < 2; times += 1) {
    const bytes = Buffer.from(JSON.stringify(chat));
    for (let at = 0; at < bytes.length; at += 1_500) {
      const fin = at + 1_500 >= bytes.length;
      peer.socket.send(bytes.subarray(at, at + 1_500), { binary: false, compress: true, fin });
      peer.socket.ping('between');
    }
    const answer = await peer.next();
    check(answer.message.endsWith(chat.message), JSON.stringify(answer));
  }
  await peer.close();
});

test('an offer of permessage-deflate is declined, not failed, where it is off', async () => {
  const off = await serve({ config: { rate: plenty, compression: { level: 0 } } });
  const peer = await Peer.welcomed(off.url(someone()), { perMessageDeflate: true });
  same(peer.socket.extensions, '', 'extensions');
  like(await peer.ask({ message: prose(4_000) }), ANSWER, 'answer');
  await peer.close();
  off.stop();
  await off.ended;
});

test('fragments and pings between them are one message', async () => {
  const peer = await welcomed();
  const text = JSON.stringify({ type: 'chat', message: 'in pieces: ä🚐' });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1) {
    const fin = at === bytes.length - 1;
    peer.socket.send(bytes.subarray(at, at + 1), { binary: false, fin });
    if (at === 5) peer.socket.ping('between');
  }
  like(await peer.next(), ANSWER, 'answer');
  await peer.close();
});

test('a protocol ping is answered with its payload', async () => {
  const peer = await welcomed();
  const pong = new Promise((settle) => peer.socket.once('pong', (data) => settle(data.toString())));
  peer.socket.ping('payload');
  same(await pong, 'payload', 'pong');
  await peer.close();
});

test('health is JSON, metrics are Prometheus text', async () => {
  JSON.parse(await server.text('/health'));
  check((await server.text('/metrics')).includes('# TYPE websocket_connections_active gauge'), 'no gauge');
});

test('too fast is refused with the time to wait', async () => {
  const slow = await serve({ config: { rate: { messages: 3, per_ms: 60_000 } } });
  const peer = await Peer.welcomed(slow.url(someone()));
  for (let at = 0; at < 3; at += 1) like(await peer.ask({ message: `${at}` }), ANSWER, 'answer');
  const refusal = await peer.ask({ message: 'one more', id: 'r_4' });
  const wanted = { type: 'error', error_code: 'RATE_LIMIT_EXCEEDED', retry_after: '$number', reply_to: 'r_4' };
  like(refusal, wanted, 'refusal');
  check(refusal.retry_after > 0 && refusal.retry_after <= 60, refusal);
  same(await peer.alive(), []);
  await peer.close();
  slow.stop();
  await slow.ended;
});

test('a restart tells every link with 1012, and the next server takes them', async () => {
  const first = await serve({ config: { drain: { spread_ms: 200 } } });
  const user = someone();
  const peers = await Promise.all([user, user, someone()].map((it) => Peer.welcomed(first.url(it))));
  first.stop();
  for (const peer of peers) same((await peer.closed).code, 1012, 'code');
  same((await first.ended).code, 0, 'exit code');
  const second = await serve({ listen: first.address });
  const peer = await Peer.welcomed(second.url(user));
  like(await peer.ask({ message: 'back again' }), ANSWER, 'answer');
  await peer.close();
  second.stop();
});

test('a development server takes the token that `pamlink token --dev` prints', async () => {
  const dev = await serve({ dev: true });
  const user = someone();
  const peer = await Peer.welcomed(dev.url(user, await devToken(user)));
  like(await peer.ask({ message: 'hello' }), ANSWER, 'answer');
  await peer.close();
  dev.stop();
});

test('no frame but an answer or an error reads as one to an old client', async () => {
  check(seen.length > 100, `only ${seen.length} frames were seen`);
  for (const frame of seen.filter((it) => !['chat_response', 'error'].includes(it.type))) {
    const taken = ['message', 'content', 'response', 'text'].some((name) => name in frame);
    check(!taken && !frame.error, frame);
  }
});

await run();
