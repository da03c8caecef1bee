// The files of the page, and what a browser is told about them.

import { serve } from '../node/pamlink.mjs';
import { check, same, test } from '../node/tap.mjs';

const server = await serve({ dev: true });
const ask = (path, headers = {}, method = 'GET') => fetch(`http://${server.address}${path}`, { headers, method });

test('each file that the page loads has its type, and is sent once', async () => {
  const html = await (await ask('/')).text();
  const loaded = new Set([...html.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, path]) => path));
  const ahead = [...loaded];
  while (ahead.length > 0) {
    const path = ahead.pop();
    const text = path.endsWith('.js') ? await (await ask(`/${path}`)).text() : '';
    for (const [, name] of text.matchAll(/from '(\.\/[^']+)'/g)) {
      const { pathname } = new URL(name, `http://h/${path}`);
      if (!loaded.has(pathname.slice(1))) ahead.push(pathname.slice(1));
      loaded.add(pathname.slice(1));
    }
  }
  loaded.add('page/pamlink/pamlink.wasm');
  check(loaded.size > 12, [...loaded]);
  const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', wasm: 'application/wasm' };
  for (const path of loaded) {
    const response = await ask(`/${path}`);
    const etag = response.headers.get('etag');
    same([response.status, response.headers.get('content-type')], [200, types[path.split('.').at(-1)]], path);
    same(response.headers.get('x-content-type-options'), 'nosniff', path);
    same(response.headers.get('cache-control'), 'no-cache', path);
    const length = (await response.arrayBuffer()).byteLength;
    const head = await ask(`/${path}`, {}, 'HEAD');
    same(head.headers.get('content-length'), String(length), `${path}: length of HEAD`);
    for (const held of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await ask(`/${path}`, { 'if-none-match': held });
      same([again.status, (await again.text()).length], [304, 0], `${path}: ${held}`);
    }
    same((await ask(`/${path}`, { 'if-none-match': '"other"' })).status, 200, path);
  }
});

test('what is no file of the page is not there', async () => {
  for (const path of ['/page/', '/page/index.html', '/page/none.js', '/page/../Cargo.toml', '/page/pamlink']) {
    same((await ask(path)).status, 404, path);
  }
});

test('a plain GET of the address of a link is answered with 426', async () => {
  const response = await ask('/api/v1/pam/ws/ada');
  same([response.status, response.headers.get('upgrade')], [426, 'websocket'], 'answer');
});
