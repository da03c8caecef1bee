// A headless Chromium, or Firefox where `FIREFOX` names one, and a page in it whose faults are kept.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const modules = resolve(process.env.NODE_MODULES ?? 'target/tools/node/node_modules');
const { default: puppeteer } = await import(createRequire(`${modules}/`).resolve('puppeteer-core'));

export const isFirefox = Boolean(process.env.FIREFOX);
const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Pages that were left are kept, as they are for people.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage'],
};
const FIREFOX = { browser: 'firefox', executablePath: process.env.FIREFOX };
const userDataDir = mkdtempSync(join(tmpdir(), 'pamlink-browser-'));
export const browser = await puppeteer.launch({
  headless: true, userDataDir, ...(isFirefox ? FIREFOX : CHROMIUM),
});
process.on('exit', () => {
  browser.process()?.kill('SIGKILL');
  rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
});

export const page = await browser.newPage();
export const faults = [];
page.on('pageerror', keep);

/** Keeps a fault. Firefox says of a link that fails, and of what a policy holds up, as it does of a fault. */
export function keep(error) {
  if (!/Content-Security-Policy: |Firefox can’t establish |The connection to .* was interrupted/.test(error)) {
    faults.push(String(error));
  }
}
