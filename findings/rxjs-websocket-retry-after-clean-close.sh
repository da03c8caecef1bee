#!/bin/sh
# npm rxjs 7.8.2: webSocket(url).pipe(retry()) is the usual way to connect again. A server restarts
# and says so, with 1012 (service restart), 1013 (try again later), 1011 or a code of its own. One
# would guess that all but 1000 are errors, which retry() takes up. A close handshake that was
# complete, whatever its code, completes the stream: it never connects again, and is told no code.
# Only a connection that is cut without a close frame is tried again.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts rxjs@7.8.2 ws@8.14.2
cat > main.js <<'JS'
const { WebSocketServer, WebSocket } = require('ws');
const { webSocket } = require('rxjs/webSocket');
const { retry } = require('rxjs');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, async () => {
  console.log('rxjs', require('rxjs/package.json').version, 'node', process.version);
  const url = `ws://127.0.0.1:${server.address().port}/`;
  let same = true;
  for (const end of [1000, 1001, 1011, 1012, 1013, 4100, 'a cut']) {
    let dials = 0;
    let stream;
    const settled = new Promise((settle) => {
      server.removeAllListeners('connection');
      server.on('connection', (link) => {
        dials += 1;
        if (dials > 2) settle('connects again');
        link.send('1');
        setTimeout(() => (end === 'a cut' ? link.terminate() : link.close(end, 'why')), 20);
      });
      stream = webSocket({ url, WebSocketCtor: WebSocket }).pipe(retry({ delay: 10 }));
      stream = stream.subscribe({ complete: () => settle('complete'), error: () => settle('error') });
    });
    const seen = await settled;
    stream.unsubscribe();
    console.log(`${end}: ${seen}`);
    same &&= seen === (end === 'a cut' ? 'connects again' : 'complete');
  }
  process.exit(same ? 0 : 1);
});
setTimeout(() => process.exit(1), 20_000);
JS
node main.js
