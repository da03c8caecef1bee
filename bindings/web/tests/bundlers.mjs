// The packed package in a fresh project of each bundler, with what that does by default, in a browser.
// What its pages do are the examples of docs/recipes/web.md.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { page } from '../../../tests/interop/node/headless.mjs';
import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';

const here = import.meta.dirname;
const packed = dirname(new URL(pamlink('package.json')).pathname);
const projects = resolve(packed, '../projects');
const programs = resolve(packed, '../node_modules/.bin');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const HTML = '<!doctype html><title>bundled</title><body></body><script src="/main.js"></script>';

export const server = await serve({ pace: '20ms' });
const examples = examplesOf(readFileSync(resolve(here, '../../../docs/recipes/web.md'), 'utf8'));
rmSync(projects, { recursive: true, force: true });
mkdirSync(projects, { recursive: true });
const archive = run('npm', ['pack', '--pack-destination', projects], packed);
const built = {
  vite: build('vite', { files: ['chat.jsx', 'assistant.jsx', 'link.js', 'tabs.js'], args: ['build'] }),
  webpack: build('webpack', { files: ['trip.js', 'kept.js'], at: 'src', args: [] }),
  esbuild: build('esbuild', { files: ['inline.js'], args: ['index.js', '--bundle', '--outfile=dist/main.js'] }),
};
// Each is looked at by its test.
for (const each of Object.values(built)) each.catch(() => {});

/** The blocks of code in a document that begin with the name of a file. */
function examplesOf(text) {
  const blocks = text.matchAll(/^```jsx?\n\/\/ (\S+)\n([^]*?)^```$/gm);
  return new Map([...blocks].map(([, name, source]) => [name, source]));
}

/** Runs a program to its end; what it has printed. */
async function run(program, args, cwd) {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
  const [code] = await once(child, 'close');
  check(code === 0, `${program} ${args.join(' ')}: ${code}\n${printed}`);
  return printed;
}

/** Makes a project, installs the package into it, and builds it; its folder. */
async function build(name, { files, at = '.', args }) {
  const folder = join(projects, name);
  cpSync(join(here, 'bundlers', name), folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, at, file), examples.get(file));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const tarball = (await archive).trim().split('\n').at(-1);
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', [...install, join(projects, tarball)], folder);
  await run(join(programs, name), args, folder);
  if (name !== 'vite') writeFileSync(join(folder, 'dist/index.html'), HTML);
  return folder;
}

/** Serves what a bundler has built, and a token for the user of this name; its origin. */
export async function served(name) {
  const folder = join(await built[name], 'dist');
  const pages = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://h');
    if (pathname === '/token') {
      response.end(token(name));
      return;
    }
    const file = join(folder, pathname === '/' ? 'index.html' : pathname);
    let content;
    try {
      content = readFileSync(file);
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(content);
  }).listen(0, '127.0.0.1');
  pages.unref();
  await once(pages, 'listening');
  return `http://127.0.0.1:${pages.address().port}`;
}

const addressOf = (origin, user, more = {}) =>
  `${origin}/?${new URLSearchParams({ url: `${server.base}${user}`, token: token(user), ...more })}`;

const shown = (holds) => page.waitForFunction(holds, { timeout: 15_000 });

async function asked(text) {
  await page.waitForSelector('input[name=request]');
  await page.focus('input[name=request]');
  await page.keyboard.type(text);
  await page.click('form button');
}

/** The chat of React, on the page that is open. */
async function chats() {
  await shown(() => document.querySelector('[role=status]')?.textContent === 'open');
  await asked('plan a trip to the coast');
  await shown(() => document.querySelector('li p[aria-busy=false]')?.textContent.includes('Mapping'));
  await asked(`plan ${'a very long trip '.repeat(20)}`);
  await shown(() => document.querySelector('li:last-child p')?.textContent.length > 40);
  await page.click('li button');
  await shown(() => !document.querySelector('li button'));
  const last = await page.$eval('li:last-child p', (it) => it.textContent);
  check(last.length < 300, last);
}

test('vite: a chat of React is built, and chats', async () => {
  await page.goto(addressOf(await served('vite'), 'vite', { show: 'chat' }));
  await chats();
}, 60_000);

test('vite: a chat of the AI SDK is built, and is stopped', async () => {
  await page.goto(addressOf(await served('vite'), 'vite-ai', { show: 'assistant' }));
  await asked('how much fuel?');
  await shown(() => document.querySelector('li.assistant')?.textContent.includes('Financial'));
  await asked(`plan ${'a very long trip '.repeat(20)}`);
  await shown(() => document.querySelectorAll('li.assistant')[1]?.textContent.length > 40);
  await page.click('main > button');
  await shown(() => !document.querySelector('main > button'));
  const texts = await page.$$eval('li', (all) => all.map((it) => it.textContent));
  same(texts.length, 4, 'messages');
  check(texts[3].length < 300, texts[3]);
}, 60_000);

test('vite: the server for development has the module, too', async () => {
  const child = spawn(join(programs, 'vite'), ['--host', '127.0.0.1', '--port', '0'], { cwd: await built.vite, stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const origin = await new Promise((settle, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = line.replaceAll(/\x1b\[\d+m/g, '').match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) settle(found[0]);
    });
    child.on('exit', (code) => fail(new Error(`vite has ended with ${code}`)));
  });
  await page.goto(addressOf(origin, 'vite-dev', { show: 'chat' }));
  await chats();
  child.kill();
}, 60_000);

for (const name of ['webpack', 'esbuild']) {
  test(`${name}: a page is built, and is answered`, async () => {
    await page.goto(addressOf(await served(name), name));
    await shown(() => /^(done|answered): .*Mapping/.test(document.body.textContent));
  }, 60_000);
}

test('webpack: a page that is gone in mid-answer is gone on with by the next', async () => {
  const address = addressOf(await served('webpack'), 'kept', { show: 'kept' });
  await page.goto(address);
  await shown(() => document.body.textContent.length > 40);
  await page.evaluate(() => globalThis.keep());
  await page.goto('about:blank');
  await page.goto(address);
  await shown(() => /^restored plan .*: .*a long way home$/.test(document.body.textContent));
}, 60_000);
