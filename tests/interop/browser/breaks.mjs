// What breaks in mid-answer: the network, the server.

import { connect, createServer } from 'node:net';

import { serve } from '../node/pamlink.mjs';
import { check, same, test } from '../node/tap.mjs';
import { LONG, PACE, WHOLE, inTheMiddle, lines, open, says, settled, type } from './scene.mjs';

let server = await serve({ dev: true, pace: PACE });

/** A network between the page and its server, that can be gone. */
async function network(address) {
  const [host, port] = address.split(':');
  const sockets = new Set();
  let isGone = false;
  const between = createServer((near) => {
    if (isGone) return near.destroy();
    const far = connect({ host, port });
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => { sockets.delete(one); other.destroy(); });
    }
    near.pipe(far).pipe(near);
    return undefined;
  });
  await new Promise((ready) => { between.listen(0, '127.0.0.1', ready); });
  between.unref();
  return {
    address: `127.0.0.1:${between.address().port}`,
    cut: () => { isGone = true; for (const socket of sockets) socket.destroy(); },
    mend: () => { isGone = false; },
  };
}

const way = await network(server.address);
let page;
const resumed = () => server.metric('pamlink_session_opens_total', '"resumed"');

test('offline in mid-answer: the page says so, and the answer goes on where it was', async () => {
  ({ page } = await open(way.address));
  await type(page, LONG);
  await inTheMiddle(page);
  const before = await resumed();
  await page.setOfflineMode(true);
  way.cut();
  await says(page, 'Offline');
  check((await lines(page)).at(-1).detail.includes('waits for the link'), await lines(page));
  await new Promise((settle) => setTimeout(settle, 500));
  way.mend();
  await page.setOfflineMode(false);
  await says(page, 'Connected');
  const { kind, text, detail } = await settled(page);
  same([kind, text], ['answer', WHOLE], 'answer');
  check(/went on after a break of \d/.test(detail), detail);
  same(await resumed(), before + 1, 'sessions resumed');
  same(await page.$eval('#resumed', (it) => it.textContent), '1', 'shown');
}, 45_000);

test('a link that is cut by hand is made anew, at once if that is asked for', async () => {
  await type(page, LONG);
  await inTheMiddle(page);
  way.cut();
  await says(page, 'Waiting');
  way.mend();
  await page.$eval('#now', (it) => it.click());
  await says(page, 'Connected');
  same((await settled(page)).text, WHOLE, 'answer');
  same((await lines(page)).length, 4, 'lines');
}, 45_000);

test('a request that is stopped before it could be sent never reaches the server', async () => {
  way.cut();
  await says(page, 'Waiting');
  await type(page, 'never mind');
  await page.waitForSelector('#log button');
  await page.$eval('#log button', (it) => it.click());
  same((await settled(page)).kind, 'stopped', 'line');
  way.mend();
  await says(page, 'Connected');
  await type(page, 'plan a trip to the hills');
  await settled(page);
  same(await server.metric('websocket_messages_total', 'type="chat"'), 3, 'requests');
}, 45_000);

test('a server that is killed in mid-answer: nothing is lost in silence, and the page goes on', async () => {
  await type(page, LONG);
  await inTheMiddle(page);
  server.stop('SIGKILL');
  await server.ended;
  await says(page, 'Waiting');
  server = await serve({ dev: true, pace: PACE, listen: server.address });
  await settled(page);
  // Its memory of the answer is gone with it: that is said, of the answer and of what else it had to say.
  const [answer, note] = (await lines(page)).slice(-2);
  check(answer.kind === 'failed' && WHOLE.startsWith(answer.text) && answer.text.length > 30, answer);
  check(answer.detail.includes('the server may have done it'), answer.detail);
  same([note.kind, note.detail, await page.$eval('#gaps', (it) => it.textContent)], ['note', 'session_ended', '1'], 'gap');
  await says(page, 'Connected');
  await type(page, 'plan a trip to the hills');
  same((await settled(page)).text, 'Trip Planner (Mapping Module): plan a trip to the hills', 'the next answer');
}, 60_000);
