// A push of 300 bytes from a socket to a listener, beside what a page does that is written by hand:
// `JSON.parse`, a `Set` of the ids that were there, and a dispatch by type. Runs in Node and in a page.

const PUSHES = 1_000;
const BYTES = 300;

/** A WebSocket of the platform whose peer is a test. */
class Socket {
  static last;
  readyState = 1;
  bufferedAmount = 0;
  protocol = '';

  constructor() {
    Socket.last = this;
  }

  send() {}

  close() {}
}

/** Both, as functions that return milliseconds of a push. */
export async function pushes(Client, module) {
  const client = new Client('ws://h/api/v1/pam/ws/ann', { token: 'a.b.c', v1: false, WebSocket: Socket, wasm: module });
  client.connect();
  while (!Socket.last) await new Promise((settle) => setTimeout(settle, 1));
  const socket = Socket.last;
  socket.onopen();
  let heard = 0;
  client.on('message', ({ text, id, kind }) => {
    if (text.length > 0 && id && kind === 'proactive_alert') heard += 1;
  });

  const seen = new Set();
  const listeners = new Map([['proactive_alert', ({ message }) => {
    if (message.length > 0) heard += 1;
  }]]);
  const byHand = ({ data }) => {
    const push = JSON.parse(data);
    if (seen.has(push.id)) return;
    seen.add(push.id);
    if (seen.size > 10_000) seen.clear();
    listeners.get(push.type)?.(push);
  };

  let number = 0;
  const timed = (take) => {
    const data = Array.from({ length: PUSHES }, () => push((number += 1)));
    heard = 0;
    const start = performance.now();
    for (const text of data) take({ data: text });
    const taken = performance.now() - start;
    if (heard !== PUSHES) throw new Error(`${heard} of ${PUSHES} pushes`);
    return taken / PUSHES;
  };
  return { client: () => timed(socket.onmessage), byHand: () => timed(byHand) };
}

function push(number) {
  const head = `{"type":"proactive_alert","id":"${String(number).padStart(16, '0')}","message":"`;
  const tail = '","timestamp":"2026-01-01T00:00:00.000Z"}';
  return head + 'x'.repeat(BYTES - head.length - tail.length) + tail;
}
