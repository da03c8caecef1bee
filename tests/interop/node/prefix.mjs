// A reverse proxy that serves another server's pages and WebSockets under a prefix.

import { createServer, request } from 'node:http';

/** Starts one in front of `address`, on a free port; settles with its own address when it is ready. */
export async function underPrefix(prefix, address) {
  const [hostname, port] = address.split(':');
  const onward = ({ method, url, headers }) =>
    request({ hostname, port, method, headers, path: url.slice(prefix.length) });
  const inside = ({ url }) => url.startsWith(`${prefix}/`);
  const proxy = createServer((asked, answer) => {
    if (!inside(asked)) return answer.writeHead(404).end();
    return onward(asked).on('response', (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    }).on('error', () => answer.destroy()).end();
  });
  proxy.on('upgrade', (asked, client, first) => {
    if (!inside(asked)) return client.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    return onward(asked).on('upgrade', ({ rawHeaders }, server, early) => {
      const head = rawHeaders.map((it, at) => (at % 2 ? `${it}\r\n` : `${it}: `)).join('');
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n`);
      client.write(early);
      server.write(first);
      client.pipe(server).pipe(client);
      for (const [one, other] of [[client, server], [server, client]]) {
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
      }
    }).on('error', () => client.destroy()).end();
  });
  await new Promise((ready) => { proxy.listen(0, '127.0.0.1', ready); });
  proxy.unref();
  return `127.0.0.1:${proxy.address().port}`;
}
