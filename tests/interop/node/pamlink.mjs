// `pamlink serve` as a child, and tokens for it.

import { execFile, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const program = process.env.PAMLINK ?? 'target/debug/pamlink';
const secret = 'a secret of the tests, and of nothing else: 0123456789';
const folder = mkdtempSync(join(tmpdir(), 'pamlink-'));
const secretFile = join(folder, 'secret');
writeFileSync(secretFile, secret);

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A token signed with the secret of the tests; `claims` and `header` overlay good ones. */
export function token(user, claims = {}, header = {}, key = secret) {
  const now = Math.floor(Date.now() / 1000);
  const all = { sub: user, aud: 'authenticated', iat: now - 1, exp: now + 3600, ...claims };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(all)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** A token as `pamlink token --dev` prints it. */
export async function devToken(user) {
  const { stdout } = await promisify(execFile)(program, ['token', '--dev', '--user', user]);
  return stdout.trim();
}

/** Starts `pamlink serve`; settles when it is ready. Each word of an answer waits for `pace`. */
export async function serve({ config, dev = false, listen = '127.0.0.1:0', pace } = {}) {
  const args = ['serve', '--listen', listen, ...(pace ? ['--pace', pace] : [])];
  args.push(...(dev ? ['--dev'] : ['--jwt-secret-file', secretFile]));
  if (config) {
    const file = join(folder, `config-${children.size}.json`);
    writeFileSync(file, JSON.stringify(config));
    args.push('--config', file);
  }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const ended = new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    });
  });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.on('error', reject);
    ended.then(({ code }) => reject(new Error(`serve ended with ${code}`)));
  });
  const address = line.match(/^listening on http:\/\/(\S+)$/)?.[1];
  if (!address) throw new Error(`the first line is no address: ${line}`);
  const text = async (path) => (await fetch(`http://${address}${path}`)).text();
  return {
    address,
    ended,
    base: `ws://${address}/api/v1/pam/ws/`,
    url: (user, jwt = token(user)) =>
      `ws://${address}/api/v1/pam/ws/${user}?token=${encodeURIComponent(jwt)}`,
    stop: (signal = 'SIGTERM') => child.kill(signal),
    text,
    /** The sum of a metric's samples, of those with this label where one is given. */
    metric: async (name, label = '') => {
      const lines = (await text('/metrics')).split('\n');
      const samples = lines.filter((line) => line.startsWith(name) && line.includes(label));
      const own = samples.filter((line) => ['{', ' '].includes(line[name.length]));
      return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
  };
}
