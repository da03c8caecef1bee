// What the Node servers of `cargo xtask bench serve` have in common: the same manager of
// connections as `fastapi_manager.py`, and as little. How a frame is sent is theirs.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is installed for them. */
export const require = createRequire(`${process.env.NODE_MODULES}/`);
const jwt = require('jsonwebtoken');

const SECRET = process.env.PAMLINK_BENCH_SECRET;
const AGENTS = [
  ['Financial Advisor', 'Financial Module', ['budget', 'expense', 'spent', 'money', 'tax']],
  ['Trip Planner', 'Mapping Module', ['trip', 'route', 'drive', 'fuel', 'weather']],
  ['Health Advisor', 'Health Module', ['health', 'doctor', 'medicine', 'symptom']],
  ['Voice Assistant', 'Voice Module', ['voice', 'microphone', 'speak']],
];
const CHAT = ['Chat Agent', 'Chat Module'];
const REMEMBERED = 262_144;
// As in `world.py`.
const PIECE = 'a word of 25. ';
const PAUSE = 40;

/** A server that listens on loopback once `listening` is called, and says where. */
export const server = createServer((_, response) => response.writeHead(404).end());

export function listening() {
  server.on('connection', (socket) => socket.setNoDelay(true));
  server.listen({ host: '127.0.0.1', port: 0, backlog: 2_048 }, () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
}

/** Whether the token is good, and this user's. */
export function isAllowed(user, token) {
  try {
    const claims = jwt.verify(token, SECRET, { algorithms: ['HS256'], audience: 'authenticated' });
    return claims.sub === user;
  } catch {
    return false;
  }
}

const links = new Map();
// In the order in which they came.
const answers = new Map();

export function connect(link, user) {
  if (!links.has(user)) links.set(user, new Set());
  links.get(user).add(link);
  return { type: 'connection', status: 'connected', timestamp: now() };
}

export function disconnect(link, user) {
  const its = links.get(user);
  its?.delete(link);
  if (its?.size === 0) links.delete(user);
}

/** Answers a message; `send` is called with each frame, an object. */
export async function handle(user, message, send) {
  switch (message?.type) {
    case 'chat':
      return chat(user, message, send);
    case 'ping':
      return send({ type: 'pong', timestamp: now() });
    case 'pong':
      return undefined;
    default:
      return refuse('VALIDATION_ERROR', send);
  }
}

export function refuse(code, send) {
  send({ type: 'error', message: code, error_code: code, timestamp: now() });
}

async function chat(user, message, send) {
  const key = `${user} ${message.id}`;
  const first = answers.get(key);
  if (first !== undefined) {
    if (first !== null) send(first);
    return;
  }
  answers.set(key, null);
  if (answers.size > REMEMBERED) answers.delete(answers.keys().next().value);
  const said = message.message || message.content || '';
  const text = said.startsWith('stream ') ? await grow(message, said, send) : answer(said);
  const reply = {
    type: 'chat_response',
    message: text,
    content: text,
    ui_actions: [],
    error: false,
    timestamp: now(),
    reply_to: message.id,
  };
  answers.set(key, reply);
  send(reply);
}

async function grow(message, said, send) {
  const count = Number(said.slice('stream '.length));
  for (let piece = 0; piece < count; piece += 1) {
    await sleep(PAUSE);
    const frame = { type: 'chat_response_delta', content: PIECE, timestamp: now() };
    send({ ...frame, reply_to: message.id });
  }
  return PIECE.repeat(count);
}

/** Who answers: the first with a keyword in the text. */
function answer(said) {
  const lower = said.toLowerCase();
  const found = AGENTS.find(([, , keywords]) => keywords.some((word) => lower.includes(word)));
  const [name, module] = found ?? CHAT;
  return `${name} (${module}): ${said}`;
}

function now() {
  return new Date().toISOString();
}
