// Writes what `js/inline.js` has of the module. Arguments: the module, the file to write.

import { readFileSync, writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const [module, file] = process.argv.slice(2);
const text = deflateRawSync(readFileSync(module), { level: 9 }).toString('base64');
writeFileSync(file, `export const DEFLATED = '${text}';\n`);
