// The client against `pamlink serve`.

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { folder } from './package.mjs';
import { client, error, event } from './peer.mjs';

const server = await serve({ config: { drain: { spread_ms: 200 } } });
let users = 0;
const someone = () => `web-${(users += 1)}`;
const connected = (options = {}, on = server, user = someone()) =>
  client(`${on.base}${user}`, { token: () => token(user), ...options });

test('the chat of the first page is answered', async () => {
  const project = await mkdtemp(join(tmpdir(), 'pamlink-chat-'));
  await mkdir(join(project, 'node_modules'));
  await symlink(folder, join(project, 'node_modules', 'pamlink'));
  await copyFile(fileURLToPath(new URL('../examples/chat.mjs', import.meta.url)), join(project, 'chat.mjs'));
  const user = someone();
  // Node has a WebSocket of its own from 22 on, and before behind a switch.
  const flags = parseInt(process.versions.node) < 22 ? ['--experimental-websocket'] : [];
  const chat = [...flags, join(project, 'chat.mjs'), `${server.base}${user}`, token(user)];
  const { stdout } = await promisify(execFile)(process.execPath, chat, { timeout: 20_000 });
  check(stdout.endsWith('fuel so far?'), stdout);
  await rm(project, { recursive: true });
}, 30_000);

for (const v1 of [false, true]) {
  const over = v1 ? 'pamlink.v1' : 'pam';

  test(`a request is answered over ${over}`, async () => {
    const it = connected({ v1 });
    const outcome = await it.send('plan a trip to the coast');
    check(outcome.type === 'answered' && outcome.text.includes('Mapping'), outcome);
    let text = '';
    const asked = it.ask('how much fuel?', { agent: 'finance' });
    for await (const piece of asked) text = piece.restart ? piece.text : text + piece.text;
    same(text, (await asked.answer).text, 'pieces');
    check(text.includes('Financial'), text);
    await it.close();
  });

  test(`a restart of the server is survived over ${over}`, async () => {
    const user = someone();
    const first = await serve({ config: { drain: { spread_ms: 100 } } });
    const it = connected({ v1, backoffCapMs: 300 }, first, user);
    check((await it.send('one')).type === 'answered', 'one');
    first.stop();
    await first.ended;
    const second = await serve({ listen: first.address });
    same((await it.send('two')).type, 'answered', 'two');
    await it.close();
    second.stop();
    await second.ended;
  }, 30_000);
}

test('a token of another user stops the client', async () => {
  const it = connected({ token: () => token('somebody-else') });
  it.connect();
  same((await event(it, 'stopped')).class, 'authentication', 'class');
  await it.close();
});

test('a wrong path is tried again, and a GET of it says nothing of an upgrade', async () => {
  const it = client(`ws://${server.address}/nowhere`, { token: () => token('x') });
  it.connect();
  const seen = await Promise.race([event(it, 'stopped'), event(it, 'retrying')]);
  same([seen.type, seen.status], ['retrying', null], 'seen');
  await it.close();
});

test('a client goes on from a snapshot over pamlink.v1', async () => {
  const user = someone();
  const first = connected({ v1: true }, server, user);
  check((await first.send('one')).type === 'answered', 'one');
  const snapshot = await first.snapshot();
  await first.close();
  const second = connected({ v1: true, snapshot }, server, user);
  same((await second.send('two')).type, 'answered', 'two');
  await second.close();
  const broken = connected({ v1: true, snapshot: new Uint8Array([1, 2, 3]) }, server, user);
  same((await error(broken.send('x'))).code, 'bad_snapshot', 'code');
});

test('what is submitted over pamlink.v1 has an outcome', async () => {
  const it = connected({ v1: true });
  const { outcome } = await it.submit({ type: 'context_update', context: { at: 'home' } });
  check(['acknowledged', 'rejected'].includes(outcome), outcome);
  await it.close();
});
