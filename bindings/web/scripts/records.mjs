// Writes js/records.js: the numbers of the records that a client writes, and a reader of those that
// it gets, made from the schema that every language is held to.
//
//   node scripts/records.mjs            writes the file
//   node scripts/records.mjs --check    fails if it is not what would be written

import { readFileSync, writeFileSync } from 'node:fs';

const schema = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/packed/schema.json', import.meta.url), 'utf8'),
);
const target = new URL('../js/records.js', import.meta.url);

// What the schema does not say: which words are flags, and which are spans, in nanoseconds.
const FLAGS = ['ack', 'clean', 'correlates', 'repeats', 'restart', 'retryable', 'tls'];
const SPANS = ['after', 'deadline', 'retry_after'];
// A client in a browser has whole messages, and is no hub.
const OF_BYTES = ['bytes_in', 'dialed', 'write_bytes'];
const isOurs = ({ kind, name }) =>
  !OF_BYTES.includes(name) && (kind < 32 || (kind >= 100 && kind < 103) || (kind >= 107 && kind < 150));

const bare = (name) => name.replace(/[?*]$/, '');
const camel = (name) => bare(name).replace(/_(.)/g, (_, letter) => letter.toUpperCase());

function word(name) {
  if (FLAGS.includes(bare(name))) return 'r.flag()';
  const read = SPANS.includes(bare(name)) ? 'span' : 'word';
  return `r.${name.endsWith('?') ? 'maybe_' : ''}${read}()`.replace(/_(.)/, (_, l) => l.toUpperCase());
}

function text(name) {
  if (name.endsWith('*')) return 'r.bytes()';
  return name.endsWith('?') ? 'r.maybeText()' : 'r.text()';
}

export function made() {
  const records = schema.records.filter(isOurs);
  const lines = [
    '// Made by scripts/records.mjs from tests/vectors/packed/schema.json.',
    '',
    '/** The version of the packed layout. */',
    `export const ABI = ${schema.abi};`,
    '',
  ];
  for (const { kind, name, from } of records) {
    if (from === 'host') lines.push(`export const ${name.toUpperCase()} = ${kind};`);
  }
  lines.push(
    '',
    '/**',
    ' * Reads the record of this kind; nothing of one that is not known.',
    ' *',
    ' * @param {number} kind',
    " * @param {import('./packed.js').Reader} r",
    ' * @returns {any}',
    ' */',
    'export function read(kind, r) {',
    '  switch (kind) {',
  );
  for (const { kind, name, from, words, texts } of records) {
    if (from !== 'engine') continue;
    const lazy = texts.at(-1) === 'json';
    const members = [`type: '${name}'`];
    for (const it of words) members.push(`${camel(it)}: ${word(it)}`);
    for (const it of texts) if (it !== 'json') members.push(`${camel(it)}: ${text(it)}`);
    const fields = `{ ${members.join(', ')} }`;
    lines.push(`    case ${kind}:`, `      return ${lazy ? `r.withJson(${fields})` : fields};`);
  }
  lines.push('  }', '}', '');
  return lines.join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (!process.argv.includes('--check')) {
    writeFileSync(target, made());
  } else if (readFileSync(target, 'utf8') !== made()) {
    console.error('js/records.js is stale: run node bindings/web/scripts/records.mjs');
    process.exit(1);
  }
}
