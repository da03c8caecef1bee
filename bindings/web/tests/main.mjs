import { run } from '../../../tests/interop/node/tap.mjs';

await import('./packed.mjs');
await import('./vectors.mjs');
await import('./client.mjs');
await import('./serve.mjs');
await import('./store.mjs');
await import('./ai-sdk.mjs');
await import('./ag-ui.mjs');
await import('./tabs.mjs');
await import('./migration.mjs');
await run();
