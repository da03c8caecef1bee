// What a reload goes on from, in the storage of this tab: a snapshot of the client, and what was said.

const KEY = `pamlink ${location.pathname}`;

/** What this tab has kept. Nothing of it is there in a new tab. */
export function kept() {
  try {
    const { snapshot, ...others } = JSON.parse(sessionStorage.getItem(KEY)) ?? {};
    return { ...others, snapshot: snapshot && Uint8Array.from(atob(snapshot), (it) => it.charCodeAt(0)) };
  } catch {
    return {}; // Not ours, or no storage is allowed here.
  }
}

/** Keeps this instead; whether there was room for it. */
export function keep({ snapshot, ...others }) {
  let text = '';
  for (const byte of snapshot ?? []) text += String.fromCharCode(byte);
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...others, snapshot: btoa(text) }));
    return true;
  } catch {
    return false;
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}

let letGo = () => {};

/**
 * Whether this tab alone goes on as `name`, until it releases that: a tab that is duplicated takes a
 * copy of what was kept along, and a snapshot goes on once. The page before a reload may take a
 * moment to be gone.
 */
export function claim(name) {
  // Without TLS, other machines than this one have no locks.
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((settle) => {
    const held = () => {
      settle(true);
      return new Promise((done) => { letGo = done; });
    };
    navigator.locks.request(`pamlink ${name}`, { signal: AbortSignal.timeout(1_000) }, held)
      .catch(() => settle(false));
  });
}

export function release() {
  letGo();
}
