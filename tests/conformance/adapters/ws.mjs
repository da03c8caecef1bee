// A whole client of `pam` by hand, over the npm package `ws`, with its adapter for `tests/conformance`:
// the example for those who write one. It has no reconnects and no pieces, and does not speak v1.

import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { WebSocket } = createRequire(`${process.env.NODE_MODULES ?? process.cwd()}/`)('ws');
const ANSWERS = ['chat_response', 'response', 'chat_response_complete', 'response_complete'];

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const event = (name, members = {}) => write({ event: { [name]: members } });

class PamClient {
  /** The names of requests without an answer, by their ids, the oldest first. */
  open = new Map();
  /** What waits for the welcome. */
  waits = [];

  constructor(url) {
    this.url = url;
  }

  connect(token) {
    this.socket = new WebSocket(`${this.url}?token=${encodeURIComponent(token)}`);
    this.socket.on('message', (data) => this.read(JSON.parse(String(data))));
    this.socket.on('error', () => {});
  }

  ask(message, name) {
    const id = randomUUID();
    this.open.set(id, name);
    this.send({ type: 'chat', message, id });
  }

  send(envelope) {
    if (this.waits) this.waits.push(envelope);
    else this.socket.send(JSON.stringify(envelope));
  }

  read(envelope) {
    const { type, timestamp, id } = envelope;
    if (type === 'connection' && this.waits) this.welcome(envelope);
    else if (type === 'ping') this.send({ type: 'pong', timestamp, reply_to: id });
    else if (type === 'pong') return;
    else if (ANSWERS.includes(type)) this.end('answered', envelope) || event('late');
    else if (type !== 'error' || !this.end('rejected', envelope)) event('message', { body: envelope });
  }

  welcome({ features }) {
    this.correlates = features?.includes('reply_to');
    event('welcomed');
    const waits = this.waits;
    this.waits = undefined;
    waits.forEach((it) => this.send(it));
  }

  /** Ends the request that an envelope names, or the oldest, if the server names none. */
  end(how, { reply_to: named }) {
    const id = this.correlates ? named : this.open.keys().next().value;
    const command = this.open.get(id);
    if (command) event(how, { command });
    return this.open.delete(id);
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
