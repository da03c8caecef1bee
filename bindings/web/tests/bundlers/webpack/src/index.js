import { Client } from 'pamlink';

import { keptClient } from './kept.js';
import { plan } from './trip.js';

const { url, token, show } = Object.fromEntries(new URLSearchParams(location.search));
const say = (text) => (document.body.textContent = text);

/** Shows an answer as it grows. */
async function follow(before, answer) {
  let text = '';
  for await (const piece of answer) say(before + (text = piece.restart ? piece.text : text + piece.text));
}

/** Asks, unless the page before has. */
async function goOn() {
  const { client, keep } = await keptClient(url, token);
  globalThis.keep = keep;
  client.on('restored', ({ envelope, answer }) => follow(`restored ${envelope.message}: `, answer));
  client.connect();
  const hasAsked = await Promise.race([
    new Promise((settle) => client.on('restored', () => settle(true))),
    new Promise((settle) => client.on('welcomed', () => settle(false))),
  ]);
  if (!hasAsked) await follow('', client.ask(`plan ${'a very long trip '.repeat(20)}a long way home`));
}

if (show === 'kept') {
  goOn().catch((error) => say(String(error)));
} else {
  plan(new Client(url, { token }), 'plan a trip to the coast', say)
    .then(([message]) => say(`done: ${message.content}`), (error) => say(String(error)));
}
