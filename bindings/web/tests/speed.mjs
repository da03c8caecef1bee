// What a page feels of the package; the figures are rows of `cargo xtask bench ffi`.

import { page } from '../../../tests/interop/node/headless.mjs';
import { check, test } from '../../../tests/interop/node/tap.mjs';
import { LATE, frames, prepared } from '../bench/page.mjs';
import { size } from './package.mjs';

test('a hundred pieces a second hold up few frames of a page with a fourth of the CPU', async () => {
  const scene = await prepared(page);
  const late = [];
  try {
    // A machine that is busy with something else makes frames late by itself: some, and not each time.
    for (let run = 0; run < 3; run += 1) {
      const lengths = await frames(scene);
      check(lengths.length > 20, `${lengths.length} frames`);
      late.push(lengths.filter((length) => length > LATE).length / lengths.length);
      if (late.at(-1) < 0.1) break;
    }
  } finally {
    scene.end();
  }
  check(late.at(-1) < 0.1, `share of frames of more than ${LATE} ms in each run: ${late.join(', ')}`);
}, 60_000);

test('an instance has at most 256 KiB of memory at start', async () => {
  const { memory } = new WebAssembly.Instance(await WebAssembly.compile(size('js/pamlink.wasm')), {}).exports;
  check(memory.buffer.byteLength <= 256 * 1024, `${memory.buffer.byteLength} bytes`);
});
