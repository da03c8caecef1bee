'use strict';
const NAMES = ['connecting', 'open', 'closing', 'closed'];
const BACKOFF = { base: 500, cap: 30000, proven: 10000 };
const HEARTBEAT = { interval: 20000, deadline: 10000 };
const REQUEST_EXPIRY = 60000;

const $ = (id) => document.getElementById(id);
const dev = document.body.dataset.mode === 'dev';
const requests = new Map(); // id -> { text, agent, line, sent, at }
let socket = null, state = 3, attempt = 0, wanted = false, renewed = false, welcomed = false;
let leaving = false;
let dialAt = 0, holdUntil = 0, heardAt = 0, pingAt = 0, lastPing = 0, opened = 0, lost = 0, expires = 0;
let proven, generation = 0;

// The state of the link.
function become(next) {
  state = next;
  $('state').textContent = `${next} ${NAMES[next]}`;
  $('badge').dataset.state = next;
  for (const item of $('states').children) {
    if (Number(item.dataset.state) === next) item.setAttribute('aria-current', 'true');
    else item.removeAttribute('aria-current');
  }
  $('toggle').textContent = wanted ? 'Stop' : 'Start';
  counts();
}

function counts() {
  $('counts').textContent = `${opened} / ${lost}`;
  $('pending').textContent = requests.size;
}

// Full jitter, drawn after the cap; a server's own wish comes first.
function retry(least) {
  const most = Math.min(BACKOFF.cap, attempt === 0 ? 1000 : BACKOFF.base * 2 ** attempt);
  const floor = attempt === 0 ? 0 : BACKOFF.base;
  let wait = floor + Math.random() * Math.max(0, most - floor);
  if (least) wait = least * (1 + Math.random() / 4);
  attempt += 1;
  dialAt = Date.now() + wait;
}

async function token() {
  if (!dev) return $('token').value.trim();
  const answer = await fetch(`dev/token?user=${encodeURIComponent($('user').value)}`, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return (await answer.json()).token;
}

function expiry(jwt) {
  try {
    const body = jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return (JSON.parse(atob(body)).exp || 0) * 1000;
  } catch { return 0; }
}

async function dial() {
  dialAt = 0;
  const turn = ++generation;
  become(0);
  let jwt;
  try { jwt = await token(); } catch { if (turn === generation) { become(3); retry(); } return; }
  if (turn !== generation) return;
  if (!jwt) { stop('A token is needed: pamlink token --user ID'); return; }
  expires = expiry(jwt);
  // Beside this page, which may have a prefix before it.
  const path = `api/v1/pam/ws/${encodeURIComponent($('user').value)}?token=${encodeURIComponent(jwt)}`;
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const mine = new WebSocket(url);
  socket = mine;
  welcomed = leaving = false;
  mine.onopen = () => { if (mine === socket) { opened += 1; heardAt = Date.now(); pingAt = 0; become(1); } };
  mine.onmessage = (event) => { if (mine === socket) hear(event.data); };
  mine.onclose = (event) => { if (mine === socket) closed(event); };
}

function closed(event) {
  socket = null;
  clearTimeout(proven);
  lost += 1;
  $('closed').textContent = `${event.code}${event.reason ? ' ' + event.reason : ''}`;
  become(3);
  if (!wanted) return;
  const hold = Math.max(0, holdUntil - Date.now());
  if (leaving && event.code < 3000) retry(hold); // Whatever became of 1012 on its way.
  else if (event.code === 4001) {
    // One new token, then the person has to act.
    if (dev && !renewed) { renewed = true; retry(); } else stop('The server refused the token.');
  } else if ([4003, 1009, 4009, 1002].includes(event.code)) stop(`Stopped: close code ${event.code}.`);
  else if (event.code === 4008) retry(hold || 30000);
  else retry(hold);
}

function stop(why) {
  wanted = false;
  generation += 1;
  dialAt = 0;
  if (why) note(why);
  const old = socket;
  if (old) { become(2); old.close(1000); } else become(3);
}

function start() {
  wanted = true; attempt = 0; renewed = false; holdUntil = 0;
  if (socket) { const old = socket; socket = null; old.close(1000); }
  dial();
}

// What the server says.
function hear(text) {
  heardAt = Date.now();
  pingAt = 0;
  let frame;
  try { frame = JSON.parse(text); } catch { return; }
  switch (frame.type) {
    case 'connection':
      welcome(Array.isArray(frame.features) ? frame.features : []);
      break;
    case 'ping':
      lastPing = Date.now();
      send({ type: 'pong', timestamp: frame.timestamp });
      break;
    case 'pong':
      if (frame.reply_to && pings.has(frame.reply_to)) {
        $('rtt').textContent = `${(performance.now() - pings.get(frame.reply_to)).toFixed(1)} ms`;
        pings.clear();
        lastPing = Date.now();
      }
      break;
    case 'chat_response':
    case 'response':
      answer(frame);
      break;
    case 'error':
      refused(frame);
      break;
    case 'going_away':
      leaving = true;
      if (frame.retry_after) holdUntil = Date.now() + frame.retry_after * 1000;
      break;
    default:
      break; // An unknown frame is no fault.
  }
}

function welcome(features) {
  welcomed = true;
  probe();
  if (opened === 1) note('Connected. Ask something, or pick an agent.');
  proven = setTimeout(() => { attempt = 0; renewed = false; }, BACKOFF.proven);
  const repeats = features.includes('repeat');
  for (const [id, request] of requests) {
    if (!request.sent || repeats) write(id, request);
    else settle(id, 'failed', 'The link broke before the answer; the server may have done it.');
  }
}

function ended(frame) {
  if (frame.reply_to !== undefined) return requests.has(frame.reply_to) ? frame.reply_to : null;
  for (const [id, request] of requests) if (request.sent) return id; // an older server answers in order
  return null;
}

function answer(frame) {
  const id = ended(frame);
  const text = [frame.message, frame.content].find((it) => it && typeof it === 'string') ?? '';
  if (id === null) return line('answer', text, 'late');
  const took = performance.now() - requests.get(id).at;
  settle(id, frame.error ? 'failed' : 'answer', text, `${frame.source ? frame.source + ', ' : ''}${took.toFixed(1)} ms`);
}

function refused(frame) {
  const wait = frame.retry_after ?? frame.rate_limit_info?.reset_in_seconds;
  if (wait) holdUntil = Date.now() + wait * 1000;
  const detail = [frame.error_code, wait ? `again in ${Math.ceil(wait)} s` : ''].filter(Boolean).join(', ');
  const id = ended(frame);
  if (id === null) line('failed', frame.message, detail);
  else settle(id, 'failed', frame.message, detail);
}

// Requests.
const pings = new Map();
function send(frame) {
  if (socket && socket.readyState === 1) socket.send(JSON.stringify(frame));
}

function write(id, request) {
  const frame = { type: 'chat', id, user_id: $('user').value, message: request.text, timestamp: Date.now() };
  if (request.agent) frame.agent = request.agent;
  request.sent = true;
  send(frame);
}

function unique() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
}

function settle(id, kind, text, detail) {
  requests.delete(id);
  line(kind, text, detail);
  counts();
}

function line(kind, text, detail) {
  const log = $('log'), item = document.createElement('li');
  const low = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  item.className = kind;
  item.textContent = text;
  if (detail) item.appendChild(document.createElement('small')).textContent = detail;
  log.append(item);
  while (log.children.length > 500) log.firstChild.remove();
  if (low) log.scrollTop = log.scrollHeight;
}
const note = (text) => line('note', text);

// Once in a while.
function tick() {
  const now = Date.now();
  if (wanted && dialAt && now >= dialAt) dial();
  if (state === 1 && socket) {
    if (pingAt && now - pingAt > HEARTBEAT.deadline) { const dead = socket; socket = null; dead.close(); closed({ code: 1006, reason: 'no sign of life' }); }
    else if (!pingAt && now - heardAt > HEARTBEAT.interval) probe();
    if (dev && expires && now > expires - 60000) renew();
  }
  for (const [id, request] of requests) if (performance.now() - request.at > REQUEST_EXPIRY) settle(id, 'failed', 'No answer within 60 seconds.');
  $('reconnect').textContent = dialAt ? `in ${(Math.max(0, dialAt - now) / 1000).toFixed(1)} s, attempt ${attempt}` : wanted ? (state === 1 ? 'not needed' : 'now') : 'stopped';
  $('ping').textContent = lastPing ? `${Math.round((now - lastPing) / 1000)} s ago` : '-';
}

function probe() {
  const id = unique();
  pingAt = Date.now();
  pings.set(id, performance.now());
  send({ type: 'ping', id, timestamp: Date.now() });
}

async function renew() {
  expires = 0;
  try { const jwt = await token(); expires = expiry(jwt); send({ type: 'auth', token: jwt }); } catch { expires = Date.now() + 65000; }
}

async function health() {
  try {
    const answer = await fetch('health', { cache: 'no-store' });
    // A proxy need not show it to everybody. A draining server says 503, and how it is.
    if (answer.status === 403 || answer.status === 404) { $('health').textContent = 'not shown here'; return; }
    const facts = await answer.json();
    $('health').textContent = facts.status;
    $('links').textContent = facts.links;
    $('users').textContent = facts.users;
    $('routes').textContent = facts.routes_version;
    offer(facts.agents ?? []);
    const s = Math.floor(facts.uptime_seconds);
    $('uptime').textContent = s < 120 ? `${s} s` : s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
  } catch { $('health').textContent = 'unreachable'; $('links').textContent = $('users').textContent = '-'; }
}

// The agents of the table, between "By content" and the unknown one.
function offer(agents) {
  const list = $('agent'), now = [...list.options].slice(1, -1).map((option) => option.value);
  if (now.join() === agents.map((agent) => agent.id).join()) return;
  for (const option of [...list.options].slice(1, -1)) option.remove();
  for (const agent of agents) list.add(new Option(agent.name, agent.id), list.options.length - 1);
}

$('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  const id = unique(), request = { text, agent: $('agent').value, sent: false, at: performance.now() };
  requests.set(id, request);
  line('mine', text);
  $('text').value = '';
  if (state === 1 && welcomed) write(id, request);
  counts();
});
$('login').addEventListener('submit', (event) => { event.preventDefault(); start(); });
$('cut').addEventListener('click', () => { if (socket) { become(2); socket.close(3000, 'cut by hand'); } });
$('toggle').addEventListener('click', () => (wanted ? stop() : start()));
addEventListener('online', () => { if (wanted && state === 3) dial(); else if (state === 1) probe(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && state === 1) probe(); });

const asked = new URLSearchParams(location.search).get('user');
if (asked) $('user').value = asked;
setInterval(tick, 100);
setInterval(health, 2000);
health();
if (dev) start(); else { become(3); note('Enter a user and a token to connect.'); }
