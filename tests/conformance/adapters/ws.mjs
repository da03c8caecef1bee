// A whole client of `pam` by hand, over the npm package `ws`, with its adapter for `tests/conformance`:
// the example for those who write one. It has no reconnects and no pieces, and does not speak v1.

import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { WebSocket } = createRequire(`${process.env.NODE_MODULES ?? process.cwd()}/`)('ws');
const ANSWERS = ['chat_response', 'response'];

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const event = (name, members = {}) => write({ event: { [name]: members } });

class PamClient {
  /** The names of requests without an answer, the oldest first. */
  open = [];

  constructor(url) {
    this.url = url;
  }

  connect(token) {
    this.socket = new WebSocket(`${this.url}?token=${encodeURIComponent(token)}`);
    this.socket.on('message', (data) => this.read(JSON.parse(String(data))));
    this.socket.on('error', () => {});
  }

  ask(message, name) {
    this.open.push(name);
    this.socket.send(JSON.stringify({ type: 'chat', message, id: randomUUID() }));
  }

  read(envelope) {
    const { type, timestamp } = envelope;
    if (type === 'connection') event('welcomed');
    else if (type === 'ping') this.socket.send(JSON.stringify({ type: 'pong', timestamp }));
    else if (type === 'pong') return;
    else if (ANSWERS.includes(type)) this.end('answered', 'late');
    else if (type === 'error' && this.open.length > 0) this.end('rejected');
    else event('message', { body: envelope });
  }

  end(how, without) {
    if (this.open.length > 0) event(how, { command: this.open.shift() });
    else event(without);
  }
}

const commands = {
  connect: () => event('need_token', { why: 'missing' }),
  token: ({ token }) => client.connect(token),
  ask: ({ message }, name) => client.ask(message, name),
};

let client;
write({
  ends: ['whole_client'],
  options: ['v1'],
  commands: Object.keys(commands),
  events: ['need_token', 'welcomed', 'answered', 'rejected', 'late', 'message'],
});
for await (const line of createInterface({ input: process.stdin })) {
  const { make, url, options, do: command, as } = JSON.parse(line);
  if (make) {
    client?.socket?.terminate();
    client = new PamClient(url);
    write(options.v1 === false ? { done: null } : { cannot: 'it does not speak pamlink.v1' });
  } else {
    const [[word, members]] = Object.entries(command);
    commands[word](members, as);
    write({ done: null });
  }
}
process.exit(0);
