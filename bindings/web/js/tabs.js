// One link for all tabs of an origin.

export { join } from './tabs-page.js';
export { EVENTS, share } from './tabs-worker.js';
