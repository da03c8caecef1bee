// The transcripts of tests/vectors, with the client's side played here.

import { readFileSync, readdirSync } from 'node:fs';

import { Peer, someone } from './peer.mjs';
import { check, same } from './tap.mjs';

const folder = new URL('../../vectors/transcripts/', import.meta.url);

/** Their names. */
export const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length))
  .sort();

/** Plays the client's side of one to a server. */
export async function play(name, server) {
  const { steps } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  const peer = new Peer(server.url(someone()));
  peer.answersPings = false;
  // A server that a transcript lets be silent is asked by hand whether it still is there.
  const ours = steps.filter((step) => step.from === 'client' || step.expect);
  for (const [at, step] of ours.entries()) {
    if (step.from === 'client') peer.sendText(step.text);
    else like(await peer.next(), step.expect, `${name}, frame ${at}`);
  }
  same((await peer.alive()).filter((frame) => !answers(steps, frame)), [], 'unexpected frames');
  await peer.close();
}

/** Whether a frame answers a chat that the transcript leaves unanswered by the engine's server. */
function answers(steps, frame) {
  const open = steps.some((step) => step.from === 'server' && !step.expect && step.reads !== 'life');
  return open && ['chat_response'].includes(frame.type);
}

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
