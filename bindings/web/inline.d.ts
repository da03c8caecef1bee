/** The module of WebAssembly, for the option `wasm`: it stands in the JavaScript, and no file is fetched. */
export function wasm(): Promise<WebAssembly.Module>;
