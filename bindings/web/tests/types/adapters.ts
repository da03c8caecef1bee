// The same of what adapts the package to others.

import { Client } from 'pamlink';
import { useAnswer, useAnswers, useClient, useLink } from 'pamlink/react';
import { answerOf, storeOf, type AnswerState } from 'pamlink/store';

export function component(address: URL): string {
  const client = useClient(address, { token: async () => 't' });
  const { state, retrying, stopped } = useLink(client);
  const { answers, ask, stop, clear } = useAnswers(client);
  const key: number = ask('fuel so far?', { agent: 'finance' });
  void stop(key).then((result) => result?.outcome);
  clear();
  const one = useAnswer(client, null, { intent: 'x' });
  void one.stop();
  if (one.status === 'none') return state;
  const last: AnswerState | undefined = answers.at(-1);
  return `${one.text}${one.error?.code}${retrying?.after}${stopped?.class}${last?.status === 'growing'}`;
}

export function store(client: Client): string {
  const off = storeOf(client).subscribe(() => {});
  off();
  const answer = answerOf(client.ask('x'), 'x').getSnapshot();
  return answer.outcome?.type === 'answered' ? answer.outcome.text : answer.text;
}

// @ts-expect-error a component has a client from an address
useClient();
// @ts-expect-error a snapshot never changes
storeOf(new Client('wss://h/')).getSnapshot().answers = [];
