// The package that is tested, and what it needs where the runtime lacks it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The package, as npm has it. */
export const folder = resolve(process.env.PAMLINK_WEB ?? 'target/npm/pamlink');

/** The address of a file of the package. */
export const pamlink = (path) => pathToFileURL(resolve(folder, path)).href;

export const size = (path) => readFileSync(resolve(folder, path));

const modules = resolve(process.env.NODE_MODULES ?? 'target/tools/node/node_modules');
export const ws = createRequire(`${modules}/`)('ws');
