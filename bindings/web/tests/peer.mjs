// A server that says what a test wants it to, and clients of it.

import { once } from 'node:events';
import { createServer } from 'node:http';

import { pamlink, ws } from './package.mjs';

export const { Client, PamlinkError, load } = await import(pamlink('js/index.js'));

const WELCOME = {
  type: 'connection', status: 'connected', user_id: 'ann', epoch: 'e1',
  features: ['reply_to', 'repeat'], timestamp: '2026-01-01T00:00:00.000Z',
};

/** A server; `refuse` may answer an upgrade with a status, and `choose` names a subprotocol, else it is the first. */
export async function scripted({ welcome = WELCOME, refuse, choose, headers = {} } = {}) {
  const server = createServer((request, response) => {
    const status = refuse?.(request) ?? 426;
    response.writeHead(status, { 'access-control-allow-origin': '*', ...headers }).end('no backend');
  });
  const sockets = new ws.WebSocketServer({ noServer: true, handleProtocols: choose });
  const waiting = [];
  const links = [];
  let hear;
  server.on('upgrade', (request, socket, head) => {
    const status = refuse?.(request);
    if (status) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) => {
      const frames = [];
      const wants = [];
      link.on('message', (data) => {
        const frame = JSON.parse(data.toString());
        if (frame.type === 'pong' || frame.type === 'ping') return;
        const want = wants.shift();
        if (want) want(frame);
        else frames.push(frame);
      });
      const peer = {
        link,
        request,
        closed: once(link, 'close').then(([code, reason]) => ({ code, reason: String(reason) })),
        next: async () => frames.shift() ?? new Promise((settle) => wants.push(settle)),
        /** How many frames have come that nobody has taken. */
        waiting: () => frames.length,
        say: (frame) => link.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
      };
      if (welcome) peer.say(welcome);
      hear?.();
      const wait = waiting.shift();
      if (wait) wait(peer);
      else links.push(peer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    url: `ws://127.0.0.1:${port}/api/v1/pam/ws/ann`,
    /** The next link that somebody makes. */
    next: async () => links.shift() ?? new Promise((settle) => waiting.push(settle)),
    /** Calls `listener` with each link that somebody makes. */
    connected: (listener) => (hear = listener),
    stop: () => {
      for (const link of sockets.clients) link.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A client with a token, and the WebSocket of `ws` unless the test has another. */
export function client(url, options = {}) {
  return new Client(url, { token: 'a.b.c', WebSocket: ws.WebSocket, v1: false, ...options });
}

/** The next event of this type. */
export function event(of, type) {
  return new Promise((settle) => {
    const off = of.on(type, (it) => {
      off();
      settle(it);
    });
  });
}

/** What a promise fails with. */
export async function error(promise) {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}

export const soon = (ms = 20) => new Promise((settle) => setTimeout(settle, ms));
