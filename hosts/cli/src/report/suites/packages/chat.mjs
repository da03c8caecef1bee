// Asks at the first argument with the token behind it, and prints the answer as it was read.

import { Client } from 'pamlink';

const [url, token, text] = process.argv.slice(1);
const client = new Client(url, { token });
let read = '';
for await (const piece of client.ask(text)) read = piece.restart ? piece.text : read + piece.text;
await client.close();
process.stdout.write(read);
