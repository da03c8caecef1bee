// The writer and the reader against the vectors that every language runs.

import { readFileSync } from 'node:fs';

import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { made } from '../scripts/records.mjs';
import { pamlink } from './package.mjs';
import { inputOf, kinds, sameRecord, schema, vectors } from './record.mjs';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const { bound, Reader, write } = await import(pamlink('js/packed.js'));

test('the file of records is what the schema makes', () => {
  same(readFileSync(new URL(pamlink('js/records.js')), 'utf8'), made(), 'records.js');
});

test('what is written is what every language writes', () => {
  let written = 0;
  for (const vector of vectors('packed/records.json')) {
    const { kind, from, words } = schema.get(vector.record) ?? {};
    if (from !== 'host' || kinds[vector.record.toUpperCase()] !== kind) continue;
    // What only 64 bits hold is no number of a page.
    if (words.some((name) => vector[name.replace('?', '')] > Number.MAX_SAFE_INTEGER)) continue;
    const record = inputOf(vector);
    const out = new Uint8Array(bound([record]));
    same(hex(out.subarray(0, write(out, [record]))), vector.hex, vector.record);
    written += 1;
  }
  check(written >= 30, `${written} vectors`);
});

test('what is read is what every language reads', () => {
  let read = 0;
  for (const vector of vectors('packed/records.json')) {
    const { kind, from } = schema.get(vector.record) ?? {};
    if (from !== 'engine' || kind < 100 || kind >= 150) continue;
    const found = new Reader(new Uint8Array(Buffer.from(vector.hex, 'hex'))).records()[0];
    if (found === undefined) continue;
    sameRecord(found, vector);
    read += 1;
  }
  check(read >= 40, `${read} vectors`);
});

test('records of a later version are stepped over', () => {
  const unknown = '0c000000ffff000068656c6c';
  const bytes = new Uint8Array(Buffer.from(unknown + '16000000640001010000000000000000020000006869' + unknown, 'hex'));
  same(new Reader(bytes).records(), [{ type: 'next', deadline: 0, reason: 'hi' }], 'records');
});

test('a lone surrogate is written as U+FFFD, and long texts fit', () => {
  for (const text of ['\ud800 alone', 'ä'.repeat(5_000), '🚐'.repeat(5_000), '東'.repeat(5_000)]) {
    const record = [kinds.SEND, [], [text]];
    const out = new Uint8Array(bound([record]));
    const length = write(out, [record]);
    same(Buffer.from(out.subarray(12, length)).toString(), text.toWellFormed?.() ?? text.replace('\ud800', '\ufffd'), 'text');
  }
});
