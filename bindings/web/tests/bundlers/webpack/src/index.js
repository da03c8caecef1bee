import { Client } from 'pamlink';

import { plan } from './trip.js';

const { url, token } = Object.fromEntries(new URLSearchParams(location.search));
const say = (text) => (document.body.textContent = text);
plan(new Client(url, { token }), 'plan a trip to the coast', say)
  .then(([message]) => say(`done: ${message.content}`), (error) => say(String(error)));
