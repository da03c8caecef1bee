#!/bin/sh
# npm faye-websocket 0.11.4: a server closes with 1012 (service restart) or 1013 (try again later),
# both registered at IANA since 2012. One would guess that the client is told so, as with 1001. It
# is told 1002, protocol error: the codes are not among those that its parser takes for valid.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts faye-websocket@0.11.4 ws@8.14.2
cat > main.js <<'JS'
const faye = require('faye-websocket');
const { WebSocketServer } = require('ws');
const expected = { 1001: 1001, 1011: 1011, 1012: 1002, 1013: 1002, 4100: 4100 };

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, async () => {
  console.log('faye-websocket', require('faye-websocket/package.json').version, 'node', process.version);
  let same = true;
  for (const sent of Object.keys(expected).map(Number)) {
    server.once('connection', (link) => link.close(sent, 'reason'));
    const client = new faye.Client(`ws://127.0.0.1:${server.address().port}/`);
    client.on('error', () => {});
    const { code, reason } = await new Promise((settle) => client.on('close', settle));
    console.log(`the server closes with ${sent}: the client sees ${code} ${JSON.stringify(reason)}`);
    same &&= code === expected[sent];
  }
  process.exit(same ? 0 : 1);
});
setTimeout(() => process.exit(1), 20_000);
JS
node main.js
