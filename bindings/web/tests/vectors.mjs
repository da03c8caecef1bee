// The module, step by step, as every language runs the engine.

import { readdirSync } from 'node:fs';

import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';
import { load } from './peer.mjs';
import { inputOf, sameRecord, vectors } from './record.mjs';

const { bound, Reader, write } = await import(pamlink('js/packed.js'));
const module = await load();

// What a browser has no door for.
const OF_BYTES = ['bytes_in', 'dialed', 'write_bytes'];
const OPTIONS_OF_BYTES = ['compression', 'origin'];

/** The exports of an instance with the client of a file. */
function made({ options, seed, snapshot }, { at_ms: mono, wall_ms: wall }) {
  const { exports: wasm } = new WebAssembly.Instance(module, {});
  const random = new Uint8Array(32);
  new DataView(random.buffer).setBigUint64(0, BigInt(seed), true);
  const input = new Uint8Array([...random, ...new TextEncoder().encode(JSON.stringify(options)),
    ...(snapshot ? [0, ...Buffer.from(snapshot, 'hex')] : [])]);
  give(wasm, input);
  same(wasm.create(mono, wall, input.length), 0, 'the output of its making');
  return wasm;
}

/** Writes an input. The memory may grow for it, so its view comes after. */
function give(wasm, bytes) {
  const at = wasm.input(bytes.length);
  new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
}

function step(wasm, { at_ms: mono, wall_ms: wall, input }) {
  const parts = input.map((it) => {
    if (it.record === null) return Buffer.from(it.hex, 'hex');
    const record = inputOf(it);
    const out = new Uint8Array(bound([record]));
    return out.subarray(0, write(out, [record]));
  });
  const whole = Buffer.concat(parts);
  give(wasm, whole);
  const length = wasm.step(mono, wall, whole.length);
  return new Reader(new Uint8Array(wasm.memory.buffer, wasm.output(), length)).records();
}

let steps = 0;
for (const name of readdirSync(new URL('../../../tests/vectors/engine', import.meta.url))) {
  const file = vectors(`engine/${name}`);
  const ofBytes = ({ record }) => OF_BYTES.includes(record);
  const clients = Object.entries(file.machines).filter(([machine, { kind, options }]) => {
    const own = file.steps.filter((it) => it.machine === machine);
    return kind === 'client' && !OPTIONS_OF_BYTES.some((option) => option in options)
      && !own.some(({ input, output }) => input.some(ofBytes) || output.some(ofBytes));
  });
  if (clients.length === 0) continue;
  test(`every step of engine/${name} has its output`, async () => {
    for (const [machine, made_of] of clients) {
      const wasm = made(made_of, file.steps[0]);
      for (const [at, it] of file.steps.entries()) {
        if (it.machine !== machine) continue;
        const found = step(wasm, it);
        for (const [number, wanted] of it.output.entries()) {
          try {
            sameRecord(found[number], wanted);
          } catch (error) {
            throw new Error(`${machine}, step ${at}, record ${number}: ${error.message}`);
          }
        }
        same(found.length, it.output.length, `${machine}, step ${at}: records`);
        steps += 1;
      }
    }
  });
}

test('most steps of clients are those of whole messages', async () => {
  check(steps > 500, `${steps} steps`);
});
