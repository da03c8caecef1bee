// The module of WebAssembly inside of the JavaScript, for who bundles no other files.

import { DEFLATED } from './inlined.js';

let module;

/** The compiled module, for the option `wasm`. */
export function wasm() {
  module ??= compiled();
  return module;
}

async function compiled() {
  const bytes = Uint8Array.from(atob(DEFLATED), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}
