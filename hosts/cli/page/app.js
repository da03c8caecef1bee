// The page of `pamlink serve`: a chat on the npm package `pamlink`, which keeps the link, the requests
// and their answers. What is here shows that, and keeps what a reload goes on from.

import { claim, forget, keep, kept, release } from './keep.js';
import * as link from './link.js';
import { Client } from './pamlink/index.js';
import { watch } from './server.js';
import { Turn, line, restore, running, settled } from './turns.js';

const $ = (id) => document.getElementById(id);
const dev = document.body.dataset.mode === 'dev';
/** The last transport, so that it can be cut by hand. */
let transport;
/** What this tab is called among those that may have a copy of what it keeps. */
let name;
let user;
let client;
/** What the next client of this user goes on from. */
let latest;
let [resumed, gaps] = [0, 0];
let isWarned = false;

/** The WebSocket of the platform, within reach. */
class Transport extends WebSocket {
  constructor(...given) {
    super(...given);
    transport = this;
  }
}

// The client.

/** Begins where this tab has left off, or anew. */
async function begin() {
  const before = kept();
  name = before.name;
  let snapshot = name && (await claim(name)) ? before.snapshot : undefined;
  if (!snapshot) {
    name = Math.random().toString(36).slice(2);
    await claim(name);
  }
  const asked = new URLSearchParams(location.search).get('user');
  if (asked && asked !== before.user) snapshot = undefined;
  else if (before.lines) restore(before.lines);
  latest = snapshot;
  user = asked ?? before.user ?? $('user').value;
  $('user').value = user;
  $('text').value ||= before.draft ?? '';
  if (dev || $('token').value) connect(snapshot);
  else if (snapshot) link.show('idle', 'goes on with a token');
  count();
}

/** A client of this user, which goes on from `snapshot` if there is one. */
function connect(snapshot) {
  const url = new URL(`api/v1/pam/ws/${encodeURIComponent(user)}`, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const made = new Client(url, { token: dev ? token : $('token').value.trim(), snapshot, WebSocket: Transport });
  // One that a second click has made meanwhile.
  void client?.close();
  client = made;
  // What a client says that was let go of is of no interest any more.
  const on = (type, listener) => made.on(type, (event) => made === client && listener(event));
  link.follow(on, Boolean(snapshot), () => running.forEach((turn) => turn.pause()));
  const seen = {
    welcomed: () => save(),
    // Of the page before: its pieces come again from their beginning.
    restored: ({ envelope, answer }) => follow(answer, envelope?.message ?? '', 'went on when the page came back'),
    message: ({ kind, text, json }) => {
      line('push', text || json, kind);
      say(`${kind}: ${text}`);
      save();
    },
    late: ({ text }) => line('answer', text, 'of a request that nobody waits for'),
    gap: ({ lost, errorCode }) => lose(`${lost ?? 'Some'} of what the server had to say is lost`, lost ?? 1, errorCode),
    overflowed: ({ messages }) => lose('More waited to be sent than there is room for', messages),
    unreadable: ({ message }) => lose('A message of the server cannot be read', 1, message),
    failed: ({ message }) => line('note', `The link failed: ${message}`),
    fault: ({ name: code, message }) => {
      if (code === 'bad_snapshot') {
        line('note', 'What was kept before the reload is of another version: the running answers are lost.');
        connect();
      } else if (code !== 'token_unavailable') {
        link.show('ended', message);
      }
    },
  };
  for (const [type, listener] of Object.entries(seen)) on(type, listener);
  link.show('connecting');
  made.connect();
  count();
}

async function token() {
  const answer = await fetch(`dev/token?user=${encodeURIComponent(user)}`, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return (await answer.json()).token;
}

/** Lets go of the client; what it was is kept. */
function leave() {
  const saved = save();
  const left = client;
  client = undefined;
  // Whoever goes on has them from the snapshot.
  for (const turn of running) turn.remove();
  void left?.close();
  release();
  link.show('idle');
  count();
  return saved;
}

/** Keeps what a reload goes on from: after each change, and when the page goes. */
async function save() {
  const of = client;
  if (!of) return;
  try {
    const snapshot = await of.snapshot();
    latest = snapshot;
    let lines = settled();
    // Where there is no room for all, what runs counts for more than what was said long ago.
    while (!keep({ name, user, snapshot, draft: $('text').value, lines })) {
      if (lines.length === 0) return warn();
      lines = lines.slice(Math.ceil(lines.length / 2));
    }
  } catch {
    // It has ended, and says so itself.
  }
}

function warn() {
  if (!isWarned) line('note', 'This browser keeps nothing here: a reload ends the answers that run.');
  isWarned = true;
}

// Requests.

function ask(text, agent) {
  follow(client.ask(text, { agent: agent || undefined }), text);
  save();
}

/** Shows an answer as it grows, until it has ended or another page goes on with it. */
async function follow(answer, text, note) {
  const turn = new Turn(text, () => stop(turn, answer), note);
  if (note) resume();
  count();
  try {
    for await (const { text: piece, restart } of answer) {
      if (turn.grow(piece, restart)) resume();
    }
    const { text: whole, envelope } = await answer.answer;
    if (turn.isRunning) say(turn.end({ who: envelope?.source, text: whole }));
  } catch (error) {
    if (turn.isRunning) say(turn.end(ending(error)));
  }
  count();
  save();
}

/** How a request without an answer is shown. */
function ending({ name, code, message, errorCode, retryAfter }) {
  if (name === 'AbortError') return { kind: 'stopped', why: 'Nobody waits for it' };
  const again = retryAfter ? `again in ${Math.ceil(retryAfter / 1_000)} s` : '';
  switch (code) {
    case 'request_cancelled':
      return { kind: 'stopped', why: 'Stopped' };
    case 'rejected':
      return { kind: 'failed', text: message, why: [errorCode, again].filter(Boolean).join(', ') };
    case 'request_expired':
      return { kind: 'failed', why: 'No answer came in time; the server may have done it' };
    case 'request_unknown':
      return { kind: 'failed', why: 'The link broke before the answer; the server may have done it' };
    case 'request_unsent':
      return { kind: 'failed', why: 'Not sent' };
    default:
      return { kind: 'failed', why: message };
  }
}

/** Cancels a request, and shows what that has come to. */
async function stop(turn, answer) {
  turn.stopping();
  try {
    const { outcome, errorCode } = await answer.cancel();
    if (outcome === null) turn.note('whether it has stopped is not known');
    else if (outcome !== 'cancelled' && outcome !== 'ended') turn.note(`to stop it came to: ${[outcome, errorCode].filter(Boolean).join(', ')}`);
  } catch (error) {
    if (error.code === 'needs_v1') {
      turn.note('this server cannot stop it');
      answer.detach();
    } else if (turn.isRunning) {
      turn.note(error.message);
    }
  }
}

function resume() {
  resumed += 1;
  $('resumed').textContent = resumed;
}

function lose(text, count, detail) {
  gaps += count;
  $('gaps').textContent = gaps;
  line('note', `${text}.`, detail);
}

/** Has it read aloud, whole: not each piece. */
function say(text) {
  $('said').textContent = text;
}

function count() {
  $('running').textContent = running.size;
  $('hints').hidden = $('log').children.length > 0;
  $('toggle').textContent = client ? 'Disconnect' : 'Connect';
  for (const id of ['send', 'cut']) $(id).disabled = !client;
}

// What the user does.

$('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text || !client) return;
  $('text').value = '';
  ask(text, $('agent').value);
});
$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('ask').requestSubmit();
});
addEventListener('keydown', ({ key, isComposing }) => {
  if (key === 'Escape' && !isComposing) [...running].filter(({ isStopping }) => !isStopping).at(-1)?.stop();
});
for (const hint of $('hints').querySelectorAll('button')) {
  hint.addEventListener('click', () => {
    $('text').focus();
    if (client) ask(hint.textContent, '');
  });
}
$('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const isOther = $('user').value !== user;
  // What is left is kept by then, and its name is still this tab's.
  if (client) await leave().then(() => claim(name));
  if (isOther) {
    latest = undefined;
    forget();
    $('log').replaceChildren();
    // The address may name the one before.
    history.replaceState(null, '', location.pathname);
    user = $('user').value;
  }
  connect(latest);
});
$('toggle').addEventListener('click', () => (client ? leave() : begin()));
$('cut').addEventListener('click', () => transport?.close());
$('now').addEventListener('click', () => client?.wake());

// What the browser does.

addEventListener('pagehide', leave);
addEventListener('pageshow', ({ persisted }) => persisted && begin());
document.addEventListener('visibilitychange', () => document.hidden && save());

$('unloaded').remove();
$('details').open = matchMedia('(min-width: 761px)').matches;
void watch(() => (dev ? user : undefined));
await begin();
