// The state of the link, for people: what the client says of it, in a word or two.

const $ = (id) => document.getElementById(id);
const WORDS = {
  idle: 'Not connected',
  connecting: 'Connecting',
  welcomed: 'Connected',
  resuming: 'Resuming',
  waiting: 'Waiting',
  offline: 'Offline',
  closing: 'Closing',
  ended: 'Ended',
};

let phase = 'idle';
/** Whether there was a link before: then a new one goes on with it. */
let wasWelcomed = false;
let opened = 0;
let lost = 0;
/** When the next attempt comes, and which one it is. */
let next = null;

/** Shows a phase; `why` is said with it. */
export function show(now, why = '') {
  phase = now;
  if (phase !== 'waiting') next = null;
  const text = why ? `${WORDS[phase]}: ${why}` : WORDS[phase];
  // Who listens to the page hears it once.
  if ($('state').textContent !== text) $('state').textContent = text;
  $('badge').dataset.phase = phase;
  $('counts').textContent = `${opened} / ${lost}`;
  tick();
}

/**
 * Follows what a client says of its link, the first of which may go on with that of another page.
 *
 * @param {(type: string, listener: (event: any) => void) => void} on how to listen to it
 * @param {boolean} isResumed
 * @param {() => void} away is called when it has lost one
 */
export function follow(on, isResumed, away) {
  wasWelcomed = isResumed;
  const seen = {
    state_changed: ({ to }) => {
      if (to === 0 || to === 1) show(wasWelcomed ? 'resuming' : 'connecting');
      if (to === 2) show('closing');
    },
    welcomed: ({ envelope }) => {
      opened += 1;
      $('speaks').textContent = envelope.type === 'welcome' ? 'pamlink.v1' : 'pam';
      show('welcomed');
      wasWelcomed = true;
    },
    closed: ({ code, reason, class: kind }) => {
      $('closed').textContent = [code, reason || kind].join(' ');
      if (phase !== 'ended') lost += 1;
      away();
    },
    retrying: ({ attempt, after, status, reason }) => {
      const at = performance.now() + after;
      if (navigator.onLine) show('waiting', status ? `the server says ${status}` : reason);
      else show('offline', 'goes on when the network is back');
      next = { at, attempt };
      tick();
    },
    stopped: ({ class: kind, reason }) => show('ended', reason || kind),
  };
  for (const [type, listener] of Object.entries(seen)) on(type, listener);
}

function tick() {
  const left = next === null ? 0 : Math.max(0, next.at - performance.now());
  const shown = phase === 'waiting' && next !== null;
  $('wait').textContent = shown ? `attempt ${next.attempt} in ${Math.ceil(left / 1_000)} s` : '';
  $('now').hidden = !shown;
}

addEventListener('offline', () => {
  if (phase === 'waiting') show('offline', 'goes on when the network is back');
});
setInterval(tick, 250);
