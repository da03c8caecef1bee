import { Client } from 'pamlink';

const [url, token] = process.argv.slice(2);
const client = new Client(url, { token });
for await (const piece of client.ask('fuel so far?')) {
  process.stdout.write(piece.text);
}
await client.close();
