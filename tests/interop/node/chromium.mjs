// A headless Chromium, and a page in it whose faults are kept.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const modules = resolve(process.env.NODE_MODULES ?? 'target/tools/node/node_modules');
const { default: puppeteer } = await import(createRequire(`${modules}/`).resolve('puppeteer-core'));

const userDataDir = mkdtempSync(join(tmpdir(), 'pamlink-chromium-'));
export const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  userDataDir,
  // Pages that were left are kept, as they are for people.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage'],
});
process.on('exit', () => {
  browser.process()?.kill('SIGKILL');
  rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
});

export const page = await browser.newPage();
export const faults = [];
page.on('pageerror', (error) => faults.push(String(error)));
