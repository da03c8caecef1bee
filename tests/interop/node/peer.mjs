// A client on the npm package `ws`, as the clients in use are: it knows JSON and nothing more.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const modules = resolve(process.env.NODE_MODULES ?? 'target/tools/node/node_modules');
const WebSocket = createRequire(`${modules}/`)('ws');

const peers = new Set();
let users = 0;

/** Every frame that any peer received. */
export const seen = [];

/** A user that nobody else is. */
export const someone = () => `user-${process.pid}-${(users += 1)}`;

/** Text of so many characters, as people write it: it repeats itself, but not all the time. */
export function prose(length) {
  const legs = [];
  for (let at = 0, size = 0; size < length; at += 1) {
    legs.push(`day ${at}: ${(at * 7_919) % 997} km of coast road, ${(at * 31) % 89} litres; `);
    size += legs.at(-1).length;
  }
  return legs.join('').slice(0, length);
}

export class Peer {
  constructor(url, options = {}) {
    this.frames = [];
    this.waiting = [];
    this.answersPings = true;
    this.socket = new WebSocket(url, options.protocols ?? [], options);
    this.closed = new Promise((settle) => {
      this.socket.on('close', (code, reason) => settle({ code, reason: reason.toString() }));
    });
    this.refused = new Promise((settle) => {
      this.socket.on('unexpected-response', (_, response) => {
        settle(response.statusCode);
        this.socket.terminate();
      });
    });
    this.socket.on('error', () => {}); // `close` follows
    this.socket.on('message', (data, isBinary) => this.hear(data, isBinary));
    this.closed.then(({ code }) => {
      peers.delete(this);
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`closed with ${code}`));
    });
    peers.add(this);
  }

  /** A link that has been welcomed. */
  static async welcomed(url, options) {
    const peer = new Peer(url, options);
    peer.welcome = await peer.next();
    return peer;
  }

  hear(data, isBinary) {
    const text = data.toString();
    const frame = isBinary ? { binary: text } : JSON.parse(text);
    seen.push(frame);
    if (frame.type === 'ping' && this.answersPings) {
      this.send({ type: 'pong', timestamp: frame.timestamp });
    }
    this.frames.push(frame);
    this.settle();
  }

  /** The next frame that is no heartbeat, or the next that `wanted` takes. */
  next(wanted = (frame) => frame.type !== 'ping') {
    const found = new Promise((resolve, reject) => this.waiting.push({ wanted, resolve, reject }));
    this.settle();
    return found;
  }

  settle() {
    while (this.waiting.length > 0) {
      const { wanted, resolve } = this.waiting[0];
      const at = this.frames.findIndex(wanted);
      if (at < 0) return;
      this.waiting.shift();
      resolve(this.frames.splice(0, at + 1).at(-1));
    }
  }

  send(frame) {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text) {
    this.socket.send(text);
  }

  ask(frame) {
    this.send({ type: 'chat', ...frame });
    return this.next();
  }

  /** Fails unless the link still answers. Anything unread before the pong is returned. */
  async alive() {
    const id = `alive-${Math.random()}`;
    this.send({ type: 'ping', id });
    const unread = [];
    for (;;) {
      const frame = await this.next();
      if (frame.type === 'pong' && frame.reply_to === id) return unread;
      unread.push(frame);
    }
  }

  close(code = 1000) {
    this.socket.close(code);
    return this.closed;
  }
}
