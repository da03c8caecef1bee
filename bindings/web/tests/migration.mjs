// The service of a web app before and after, against the same servers.

import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { folder } from './package.mjs';
import { scripted } from './peer.mjs';

const project = await mkdtemp(join(tmpdir(), 'pamlink-migration-'));
await mkdir(join(project, 'node_modules'));
await symlink(folder, join(project, 'node_modules', 'pamlink'));

/** The service of this side. */
async function service(side) {
  const file = join(project, `${side}.mjs`);
  await copyFile(fileURLToPath(new URL(`../examples/migration/${side}.mjs`, import.meta.url)), file);
  return (await import(pathToFileURL(file).href)).PamService;
}

const sides = { before: await service('before'), after: await service('after') };
const jwt = token('ann');

for (const [side, Service] of Object.entries(sides)) {
  test(`migration: the service ${side} is answered by the same server`, async () => {
    const server = await serve({});
    const it = new Service(`${server.base}ann`, async () => jwt);
    it.connect();
    check((await it.chat('plan a trip to the coast')).includes('Mapping'), 'answer');
    await it.disconnect();
    server.stop();
    await server.ended;
  }, 30_000);
}

/** Milliseconds after which there is no answer. */
const PATIENCE = 8_000;

/** What a service makes of a push that comes while two wait, and of their answers, the second first. */
async function crossed(Service) {
  const peer = await scripted({ choose: () => false });
  const it = new Service(peer.url, async () => jwt);
  const pushes = [];
  it.on('push', ({ message }) => pushes.push(message));
  it.connect();
  const answers = ['one', 'two'].map((text) =>
    Promise.race([it.chat(text), new Promise((settle) => setTimeout(settle, PATIENCE, 'none'))]));
  // A link that offers `pamlink.v1` comes to nothing here.
  let link, one;
  do {
    link = await peer.next();
    one = await Promise.race([link.next(), link.closed]);
  } while (!one.type);
  const two = await link.next();
  link.say({ type: 'proactive_alert', id: 'a-1', message: 'fuel is low' });
  for (const { id, message } of [two, one]) {
    const text = `answer to ${message}`;
    link.say({ type: 'chat_response', reply_to: id, message: text, content: text });
  }
  const seen = { answers: await Promise.all(answers), pushes };
  await it.disconnect();
  peer.stop();
  return seen;
}

test('migration: before, a push is taken for the answer and the first request has none', async () => {
  same(await crossed(sides.before), { answers: ['none', 'fuel is low'], pushes: ['fuel is low'] }, 'seen');
}, 30_000);

test('migration: after, each has its own', async () => {
  const answers = ['answer to one', 'answer to two'];
  same(await crossed(sides.after), { answers, pushes: ['fuel is low'] }, 'seen');
  await rm(project, { recursive: true });
}, 30_000);
