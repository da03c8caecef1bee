#!/bin/sh
# @ag-ui/client 1.0.0, AbstractAgent.clone(): one would guess that the clone of an agent is such an
# agent. It is one by `instanceof`, and no constructor has run: of the fields that a subclass declares
# the public ones are undefined, and a method that reads a private one throws a TypeError, only in the
# clone. A subclass has to have a `clone` of its own, which the types do not say.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @ag-ui/client@1.0.0 rxjs@7.8.1 > /dev/null
cat > main.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { AbstractAgent } from '@ag-ui/client';

class Agent extends AbstractAgent {
  #address = 'ws://127.0.0.1/';
  address = 'ws://127.0.0.1/';
  run() {
    return this.#address;
  }
}

const { version } = JSON.parse(readFileSync('node_modules/@ag-ui/client/package.json', 'utf8'));
const agent = new Agent();
const clone = agent.clone();
let thrown = null;
try {
  clone.run();
} catch (error) {
  thrown = error.name;
}
console.log(`@ag-ui/client ${version}: a clone is an Agent: ${clone instanceof Agent}`);
console.log(`public field: ${agent.address}, in the clone ${clone.address}`);
console.log(`private field: ${agent.run()}, in the clone ${thrown}`);
process.exit(clone instanceof Agent && clone.address === undefined && thrown === 'TypeError' ? 0 : 1);
JS
node main.mjs
