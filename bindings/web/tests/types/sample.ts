// What a program writes against the types of the package: it compiles, and what is wrong does not.

import { Client, PamlinkError, load, type ClientEvent, type Outcome } from 'pamlink';

export async function sample(): Promise<string> {
  await using client = new Client('wss://example.org/api/v1/pam/ws/ann', {
    token: async (need) => (need === 'rejected' ? { token: 't', expires: new Date() } : 't'),
    wasm: load(),
    requestTimeoutMs: 30_000,
    v1: true,
  });
  const off = client.on('message', (push) => push.kind.length + push.envelope.id, { signal: AbortSignal.timeout(1) });
  off();
  let text = '';
  const asked = client.ask('fuel so far?', { agent: 'finance', context: { trip: 7 }, signal: AbortSignal.timeout(5) });
  for await (const piece of asked) text = piece.restart ? piece.text : text + piece.text;
  const outcome: Outcome = await client.send('and the tolls?');
  if (outcome.type === 'answered') text += outcome.text;
  if (outcome.type === 'rejected') text += outcome.errorCode ?? '';
  for await (const event of client) seen(event);
  try {
    await asked.answer;
  } catch (error) {
    if (error instanceof PamlinkError && error.retryAfter !== null) text += error.code;
  }
  return text;
}

function seen(event: ClientEvent): number {
  switch (event.type) {
    case 'retrying':
      return event.after;
    case 'closed':
      return event.code;
    default:
      return 0;
  }
}

// @ts-expect-error the address is missing
new Client();
// @ts-expect-error an option of bytes has no meaning in a browser
new Client('wss://h/', { compression: true });
// @ts-expect-error there is no such event
new Client('wss://h/').on('massage', () => {});
