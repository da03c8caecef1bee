// What the npm package costs in Node: `main.mjs [--out FILE] [--quick]`, called by `cargo xtask bench ffi`.
//
// The contenders take turns, in an order that turns with each round; a figure is the median of the
// rounds behind the first ones.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

import { pamlink, size } from '../tests/package.mjs';
import { LATE, first as firstInPage, frames, prepared, push } from './page.mjs';
import { pushes } from './push.mjs';
import { Talk, TOGETHER, clients, restores } from './talk.mjs';

const { Client, load } = await import(pamlink('js/index.js'));
const quick = process.argv.includes('--quick');
/** Rounds before those that count: what is called often is compiled again. */
const WARM = 30;
const CLIENTS = 500;

const module = await load();
const rows = [];

function add(name, value, unit, peer = null, most = null) {
  const ratio = peer && value / peer[1];
  console.error(`  web: ${name}: ${value.toFixed(2)} ${unit}${peer ? `, ${peer[0]}: ${peer[1].toFixed(2)}, ${ratio.toFixed(3)} x` : ''}`);
  rows.push({
    name: `web: ${name}`, value, unit, peer: peer && peer[0], peer_value: peer && peer[1], ratio,
    target: most && (peer ? `<= ${most} x` : `<= ${most}`), met: most && (peer ? ratio : value) <= most,
  });
}

const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];

const talk = new Talk(module);
const snapshot = new Talk(module).snapshot();
const inNode = await pushes(Client, module);
const contenders = {
  token: () => talk.tokens(1),
  tokens: () => talk.tokens(TOGETHER),
  cancel: () => talk.cancels(),
  restore: () => restores(module, snapshot),
  push: inNode.client,
  byHand: inNode.byHand,
};
const figures = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
const names = Object.keys(contenders);
for (let round = 0; round < WARM + (quick ? 5 : 31); round += 1) {
  for (let place = 0; place < names.length; place += 1) {
    const name = names[(place + round) % names.length];
    const micros = contenders[name]() * 1e3;
    if (round >= WARM) figures[name].push(micros);
  }
}
const micros = Object.fromEntries(names.map((name) => [name, median(figures[name])]));
add('a token of a stream to its event, alone', micros.token, 'us');
add(`the same, ${TOGETHER} in one step, each`, micros.tokens, 'us');
add('cancel, to its result', micros.cancel, 'us');
add('restore of a snapshot with 16 running requests', micros.restore, 'us');
add('a push of 300 B from the socket to its listener', micros.push, 'us', ['JSON.parse, a Set, a dispatch', micros.byHand], 2.5);

const first = () => Number(execFileSync(process.execPath, [new URL('first.mjs', import.meta.url).pathname], { env: process.env }));
add('the first client of a process, to its dial', median(Array.from({ length: quick ? 3 : 11 }, first)), 'ms', null, 5);
const { memory } = new WebAssembly.Instance(await WebAssembly.compile(size('js/pamlink.wasm')), {}).exports;
add('memory of an instance at start', memory.buffer.byteLength / 1024, 'KiB', null, 256);
const before = process.memoryUsage.rss();
const held = clients(module, CLIENTS);
add('memory of 500 clients, resident, each', (process.memoryUsage.rss() - before) / held.length / 1024, 'KiB');

if (process.env.CHROMIUM) await inChromium();

/** The same in a page, and what people see of it. */
async function inChromium() {
  const { browser, page } = await import('../../../tests/interop/node/headless.mjs');
  const scene = await prepared(page);
  const times = [];
  for (let at = 0; at < (quick ? 3 : 11); at += 1) times.push(await firstInPage(scene));
  add('the first client of a page, to its dial, Chromium', median(times), 'ms', null, 5);
  const figures = await push(scene, WARM + (quick ? 5 : 31));
  const [ours, theirs] = [figures.client, figures.byHand].map((all) => median(all.slice(WARM)));
  const byHand = ['JSON.parse, a Set, a dispatch', theirs];
  add('a push of 300 B from the socket to its listener, Chromium', ours, 'us', byHand, 2.5);
  const longest = [];
  for (let at = 0; at < (quick ? 1 : 3); at += 1) longest.push(Math.max(...await frames(scene)));
  add('the longest frame at 100 pieces a second, Chromium at a fourth of the CPU', median(longest), 'ms', null, LATE);
  scene.end();
  await browser.close();
}

const out = process.argv[process.argv.indexOf('--out') + 1];
const text = JSON.stringify({ rows });
if (process.argv.includes('--out')) writeFileSync(out, text);
else console.log(text);
process.exit(0);
