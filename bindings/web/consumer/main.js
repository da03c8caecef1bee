// A program that has the npm package: it asks a running server, and says what it answered.
import { Client } from 'pamlink';

const { PAMLINK_URL, PAMLINK_TOKEN } = process.env;
const client = new Client(PAMLINK_URL, { token: PAMLINK_TOKEN });
let text = '';
for await (const piece of client.ask('does it work?')) text += piece.text;
const outcome = await client.send('and again?');
await client.close();
if (text === '' || outcome.type !== 'answered') throw new Error(`${text}: ${outcome.type}`);
console.log(`ok ${text}`);
