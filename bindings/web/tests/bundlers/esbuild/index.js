import { connect } from './inline.js';

const { url, token } = Object.fromEntries(new URLSearchParams(location.search));
const say = (text) => (document.body.textContent = text);
connect(url, token).send('plan a trip to the coast')
  .then(({ type, text }) => say(`${type}: ${text}`), (error) => say(String(error)));
