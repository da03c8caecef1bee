// Records as the vectors have them.

import { readFileSync } from 'node:fs';

import { check, same } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';

export const kinds = await import(pamlink('js/records.js'));

/** A file of vectors. */
export const vectors = (path) => JSON.parse(
  readFileSync(new URL(`../../../tests/vectors/${path}`, import.meta.url), 'utf8'),
);

/** The schema, by the name of the record. */
export const schema = new Map(vectors('packed/schema.json').records.map((record) => [record.name, record]));

const SPANS = ['after', 'deadline', 'retry_after'];
const bare = (name) => name.replace(/[?*]$/, '');

/** The record that the writer is given. */
export function inputOf(vector) {
  const { kind, words, texts } = schema.get(vector.record);
  const text = (name) => {
    const given = vector[bare(name)];
    return name.endsWith('*') ? new Uint8Array(Buffer.from(given, 'hex')) : given;
  };
  return [kind, words.map((name) => vector[bare(name)]), texts.map(text)];
}

/** Fails unless what was read is the record of the vector. */
export function sameRecord(found, vector) {
  same(found?.type, vector.record, 'type');
  const { words, texts } = schema.get(vector.record);
  for (const name of [...words, ...texts].map(bare)) {
    const wanted = vector[name];
    const ours = found[name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())];
    const what = `${vector.record}.${name}`;
    if (wanted === null) same(ours, null, what);
    else if (ours instanceof Uint8Array) same(Buffer.from(ours).toString('hex'), wanted, what);
    else if (typeof ours === 'boolean') same(ours, wanted !== 0, what);
    else if (SPANS.includes(name)) check(Math.abs(ours - wanted / 1e6) <= ours * 1e-12, `${what}: ${ours}`);
    else same(ours, wanted, what);
  }
}
