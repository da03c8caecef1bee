// The transport under chats of the real AI SDK.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';
import { client, error, scripted, soon } from './peer.mjs';

const require = createRequire(pamlink('js/ai-sdk.js'));
const { Chat } = await import(pathToFileURL(require.resolve('@ai-sdk/react')).href);
const { PamlinkChatTransport } = await import(pamlink('js/ai-sdk.js'));
const server = await serve({ pace: '20ms' });
let users = 0;
const LONG = `plan ${'a very long trip '.repeat(20)}`;

function connected(options, user = `ai-${(users += 1)}`) {
  return client(`${server.base}${user}`, { token: () => token(user), v1: true, ...options });
}

const user = (text, id = 'u1') => ({ id, role: 'user', parts: [{ type: 'text', text }] });
const textOf = (message) => message.parts.map((part) => part.text ?? '').join('');

/** Until it holds, and no longer than 5 seconds. */
async function until(holds) {
  for (let wait = 0; !holds(); wait += 1) {
    if (wait > 500) throw new Error('it never held');
    await soon(10);
  }
}

async function partsOf(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

test('ai-sdk: an answer is a stream of the parts of a message', async () => {
  const it = connected();
  const transport = new PamlinkChatTransport(it);
  const stream = await transport.sendMessages({ trigger: 'submit-message', chatId: 'c1', messages: [user('plan a trip to the coast')] });
  const parts = await partsOf(stream);
  const deltas = parts.filter(({ type }) => type === 'text-delta');
  const kinds = parts.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
  same(kinds, ['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish'], 'parts');
  const text = deltas.map(({ delta }) => delta).join('');
  check(deltas.length > 3 && text.includes('Mapping'), deltas);
  same(await transport.reconnectToStream({ chatId: 'c1' }), null, 'nothing goes on');
  await it.close();
});

test('ai-sdk: a chat sends, shows what grows, and regenerates', async () => {
  const it = connected();
  const chat = new Chat({ transport: new PamlinkChatTransport(it) });
  const sent = chat.sendMessage({ text: 'plan a trip to the coast' });
  await until(() => chat.status === 'streaming' && textOf(chat.lastMessage).length > 0);
  await sent;
  same([chat.status, chat.messages.map(({ role }) => role)], ['ready', ['user', 'assistant']], 'chat');
  const text = textOf(chat.lastMessage);
  check(text.includes('plan a trip'), text);
  await chat.sendMessage({ text: 'how much fuel?' }, { body: { agent: 'finance' } });
  check(textOf(chat.lastMessage).includes('Financial'), textOf(chat.lastMessage));
  await chat.regenerate();
  same(chat.messages.length, 4, 'messages');
  check(textOf(chat.lastMessage).includes('how much fuel?'), textOf(chat.lastMessage));
  await it.close();
});

test('ai-sdk: a chat that is stopped cancels the request, and keeps what it has', async () => {
  const it = connected();
  const chat = new Chat({ transport: new PamlinkChatTransport(it) });
  const ended = new Promise((settle) => (chat.onFinish = settle));
  const before = await server.metric('pamlink_cancels_total');
  const sent = chat.sendMessage({ text: LONG });
  await until(() => chat.status === 'streaming' && textOf(chat.lastMessage).length > 10);
  await chat.stop();
  await sent;
  same([chat.status, (await ended).isAbort], ['ready', true], 'chat');
  const { length } = textOf(chat.lastMessage);
  check(length > 10 && length < LONG.length, length);
  let after = before;
  for (let wait = 0; after === before && wait < 100; wait += 1) {
    await soon(20);
    after = await server.metric('pamlink_cancels_total');
  }
  same(after - before, 1, 'cancels');
  await it.close();
});

test('ai-sdk: a stream that is aborted says so', async () => {
  const it = connected();
  const control = new AbortController();
  const transport = new PamlinkChatTransport(it);
  const stream = await transport.sendMessages({ chatId: 'c1', messages: [user(LONG)], abortSignal: control.signal });
  const parts = [];
  for await (const part of stream) {
    parts.push(part.type);
    if (part.type === 'text-delta') control.abort();
  }
  same(parts.slice(-3), ['text-delta', 'text-end', 'abort'], 'parts');
  const again = transport.sendMessages({ chatId: 'c1', messages: [user('x')], abortSignal: AbortSignal.abort() });
  same((await error(again)).name, 'AbortError', 'one that is aborted before');
  await it.close();
});

test('ai-sdk: a refusal is an error of the chat, in words of the app', async () => {
  const peer = await scripted();
  const it = client(peer.url);
  const transport = new PamlinkChatTransport(it, { onError: ({ code, errorCode, message }) => `${code} ${errorCode} ${message}` });
  const chat = new Chat({ transport });
  const sent = chat.sendMessage({ text: 'one' });
  const link = await peer.next();
  const { id, session_id: session } = await link.next();
  same(session, chat.id, 'session');
  link.say({ type: 'error', reply_to: id, error_code: 'UNKNOWN_AGENT', message: 'who?' });
  await sent;
  same([chat.status, chat.error.message], ['error', 'rejected UNKNOWN_AGENT who?'], 'chat');
  await it.close();
  peer.stop();
});

test('ai-sdk: a text that begins anew takes the place of the one before', async () => {
  const peer = await scripted();
  const it = client(peer.url);
  const chat = new Chat({ transport: new PamlinkChatTransport(it) });
  const sent = chat.sendMessage({ text: 'one' });
  const link = await peer.next();
  const { id } = await link.next();
  link.say({ type: 'chat_response_delta', reply_to: id, content: 'fourty' });
  await until(() => chat.lastMessage.role === 'assistant' && textOf(chat.lastMessage) === 'fourty');
  link.say({ type: 'chat_response', reply_to: id, message: 'forty', content: 'forty' });
  await sent;
  same(textOf(chat.lastMessage), 'forty', 'text');
  await it.close();
  peer.stop();
});

test('ai-sdk: another chat of the same id resumes what goes on, and stops it', async () => {
  const it = connected();
  const transport = new PamlinkChatTransport(it);
  const first = new Chat({ id: 'same', transport });
  const sent = first.sendMessage({ text: LONG });
  await until(() => first.status === 'streaming' && textOf(first.lastMessage).length > 10);
  // As a page that keeps its messages has them.
  const other = new PamlinkChatTransport(it);
  const second = new Chat({ id: 'same', transport: other, messages: structuredClone(first.messages) });
  // React resumes twice in a row where it looks for what bears that.
  const resumed = Promise.all([second.resumeStream(), second.resumeStream()]);
  await until(() => second.status === 'streaming' && textOf(second.lastMessage).length > 40);
  same(second.messages.map(({ role }) => role), ['user', 'assistant'], 'messages');
  check(LONG.length > textOf(second.lastMessage).length, 'it has ended already');
  await second.stop();
  await Promise.all([resumed, sent]);
  same([first.status, second.status], ['ready', 'ready'], 'both');
  check(textOf(first.lastMessage).length < LONG.length, textOf(first.lastMessage));
  await second.resumeStream();
  same([second.status, second.messages.length], ['ready', 2], 'nothing to resume');
  await it.close();
});

test('ai-sdk: a chat resumes what goes on from a snapshot', async () => {
  const before = connected({}, 'ai-killed');
  const first = new Chat({ id: 'kept', transport: new PamlinkChatTransport(before) });
  const sent = first.sendMessage({ text: LONG });
  await until(() => first.status === 'streaming' && textOf(first.lastMessage).length > 10);
  const snapshot = await before.snapshot();
  await before.close();
  await sent;
  same(first.status, 'error', 'the page before');
  const after = connected({ snapshot }, 'ai-killed');
  const second = new Chat({ id: 'kept', transport: new PamlinkChatTransport(after), messages: first.messages.slice(0, 1) });
  await second.resumeStream();
  same([second.status, second.messages.length], ['ready', 2], 'chat');
  check(textOf(second.lastMessage).includes(LONG), textOf(second.lastMessage));
  await after.close();
});

test('ai-sdk: what a request has no place for is an error that names it', async () => {
  const transport = new PamlinkChatTransport(client('ws://127.0.0.1:1/'));
  const of = async (options) => {
    const { code, message } = await error(transport.sendMessages({ chatId: 'c', messages: [user('x')], ...options }));
    return `${code}: ${message}`;
  };
  const file = { id: 'u', role: 'user', parts: [{ type: 'text', text: 'x' }, { type: 'file', url: 'data:,' }] };
  same(await of({ messages: [file] }), 'bad_input: parts[1] of the message is file: a request is a text', 'file');
  same(await of({ messages: [] }), 'bad_input: the last message is of nobody, not of the user', 'none');
  same(await of({ body: { model: 'm' } }), 'bad_input: body.model has no place in a request: it takes agent, intent, sessionId, context', 'body');
  same(await of({ headers: { a: 'b' } }), 'bad_input: a request over a link has no headers', 'headers');
});

test('ai-sdk: an app may say itself what a request is', async () => {
  const peer = await scripted();
  const it = client(peer.url);
  const prepareRequest = ({ messages, body }) => ({ text: `${messages.length} messages`, context: { model: body.model } });
  const chat = new Chat({ transport: new PamlinkChatTransport(it, { prepareRequest }) });
  const sent = chat.sendMessage({ text: 'one' }, { body: { model: 'm' } });
  const link = await peer.next();
  const { id, message, context } = await link.next();
  same([message, context], ['1 messages', { model: 'm' }], 'request');
  link.say({ type: 'chat_response', reply_to: id, message: 'done', content: 'done' });
  await sent;
  await it.close();
  peer.stop();
});
