// What a frame is to have, as the transcripts of tests/vectors write it.

import { check } from './tap.mjs';

/** Fails unless `frame` has what `expect` wants. */
export function like(frame, expect, where) {
  for (const [name, wanted] of Object.entries(expect)) {
    const found = frame[name];
    const fault = `${where}: ${name} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
    check(holds(found, wanted, frame), `${fault}, in ${JSON.stringify(frame)}`);
  }
}

function holds(found, wanted, frame) {
  if (wanted === '$absent') return found === undefined;
  if (wanted === '$array') return Array.isArray(found);
  if (wanted === '$object') return found !== null && typeof found === 'object' && !Array.isArray(found);
  if (['$string', '$number', '$boolean'].includes(wanted)) return typeof found === wanted.slice(1);
  if (typeof wanted === 'string' && wanted.startsWith('$same:')) {
    return JSON.stringify(found) === JSON.stringify(frame[wanted.slice('$same:'.length)]);
  }
  return JSON.stringify(found) === JSON.stringify(wanted);
}
