#!/bin/sh
# npm sockette 2.0.6, which is there to connect again: a server that shuts down for a new version
# closes with 1001 (going away), or without a code. One would guess that these are what it is for,
# as a cut and 1012 are. It takes both for a wanted end, as 1000, and stays away.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts sockette@2.0.6 ws@8.14.2
cat > main.js <<'JS'
const { WebSocketServer, WebSocket } = require('ws');
const Sockette = require('sockette');
globalThis.WebSocket = WebSocket;
const expected = { 1000: 1, 1001: 1, 1005: 1, 1011: 2, 1012: 2, 4100: 2 };

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, async () => {
  console.log('sockette', require('sockette/package.json').version, 'node', process.version);
  const url = `ws://127.0.0.1:${server.address().port}/`;
  let same = true;
  for (const code of Object.keys(expected).map(Number)) {
    let dials = 0;
    server.removeAllListeners('connection');
    server.on('connection', (link) => {
      dials += 1;
      if (dials > 1) return;
      if (code === 1005) link.close();
      else link.close(code, 'why');
    });
    const client = new Sockette(url, { timeout: 20, maxAttempts: 5 });
    await new Promise((settle) => setTimeout(settle, 1_000));
    client.close();
    console.log(`${code}: ${dials === 1 ? 'stays away' : 'connects again'}`);
    same &&= dials === expected[code];
  }
  process.exit(same ? 0 : 1);
});
setTimeout(() => process.exit(1), 30_000);
JS
node main.js
