// Headless Chromium on the page of `pamlink serve --dev`: every scene, or those that are named.

import { browser, faults } from '../node/headless.mjs';
import { run, same, test } from '../node/tap.mjs';
import { foreign } from './scene.mjs';

const SCENES = ['chat', 'answers', 'breaks', 'returns', 'tabs', 'pam', 'access', 'files'];
const wanted = process.argv.slice(2);
for (const scene of wanted.length > 0 ? wanted : SCENES) await import(`./${scene}.mjs`);

test('no page had a fault, and none fetched anything from elsewhere', async () => {
  same([faults, foreign], [[], []], 'faults, foreign requests');
});

await run(() => browser.close());
