// The engine in its instance of WebAssembly.

import { PamlinkError, ofFault } from './errors.js';
import { bound, Reader, write } from './packed.js';
import { ABI } from './records.js';

/** The module that stands beside this file, once it was asked for. @type {Promise<WebAssembly.Module> | undefined} */
let beside;

/**
 * The module of WebAssembly: what is given, or what stands beside this file.
 *
 * @param {WebAssembly.Module | BufferSource | Response | URL | string | Promise<any>} [source]
 * @returns {Promise<WebAssembly.Module>}
 */
export async function load(source) {
  const given = await source;
  if (given === undefined) {
    beside ??= fetched(new URL('pamlink.wasm', import.meta.url));
    // What failed once is tried again by the next client.
    beside.catch(() => (beside = undefined));
    return beside;
  }
  if (given instanceof WebAssembly.Module) return given;
  if (typeof given === 'string' || given instanceof URL) return fetched(new URL(given, globalThis.location?.href));
  if (typeof Response === 'function' && given instanceof Response) return compiled(given);
  return WebAssembly.compile(given);
}

/** @param {URL} url */
async function fetched(url) {
  if (url.protocol === 'file:') {
    // No runtime with files fetches them, and no bundler is to follow an import.
    const files = globalThis.process?.getBuiltinModule?.('node:fs/promises');
    if (files) return WebAssembly.compile(await files.readFile(url));
  }
  return compiled(await fetch(url));
}

/** @param {Response} response */
async function compiled(response) {
  if (!response.ok) throw new PamlinkError('bad_wasm', `${response.url}: HTTP ${response.status}`);
  // A server that does not know the type would make the streaming compiler refuse it.
  const streams = response.headers.get('content-type')?.startsWith('application/wasm');
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** One client in an instance of its own: a trap ends this one alone. */
export class Engine {
  #wasm;

  /**
   * @param {WebAssembly.Module} module
   * @param {object} options those of the engine, by their names
   * @param {Uint8Array} [snapshot]
   */
  constructor(module, options, snapshot) {
    this.#wasm = /** @type {any} */ (new WebAssembly.Instance(module, {}).exports);
    if (this.#wasm.abi() !== ABI) throw new PamlinkError('abi_mismatch', 'a module of another version');
    const seed = crypto.getRandomValues(new Uint8Array(32));
    const json = new TextEncoder().encode(JSON.stringify(options));
    const parts = [seed, json, ...(snapshot ? [new Uint8Array(1), new Uint8Array(snapshot)] : [])];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const [fault] = this.#call('create', length, (out) => {
      for (const part of parts) {
        out.set(part);
        out = out.subarray(part.length);
      }
      return length;
    });
    if (fault) throw ofFault(fault);
  }

  /**
   * Gives the engine what happened; what follows.
   *
   * @param {import('./packed.js').Input[]} records
   * @param {number} [now] of the clock of `performance`
   */
  step(records, now) {
    return this.#call('step', bound(records), (out) => write(out, records), now);
  }

  /** @param {'create' | 'step'} name @param {number} most @param {(out: Uint8Array) => number} fill @param {number} [now] */
  #call(name, most, fill, now = performance.now()) {
    if (!this.#wasm) throw new PamlinkError('poisoned');
    const wasm = this.#wasm;
    try {
      const at = wasm.input(most);
      const used = fill(new Uint8Array(wasm.memory.buffer, at, most));
      const length = wasm[name](now, Date.now(), used);
      // The memory may have grown: the view before is of no use any more.
      return new Reader(new Uint8Array(wasm.memory.buffer, wasm.output(), length)).records();
    } catch (cause) {
      this.#wasm = undefined;
      throw new PamlinkError('poisoned', 'the engine has failed', { cause });
    }
  }
}
