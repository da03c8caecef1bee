// The same of what adapts the package to others.

import { AbstractChat, type ChatState, type ChatTransport, type UIMessage } from 'ai';
import type { AbstractAgent, BaseEvent } from '@ag-ui/client';
import { Client } from 'pamlink';
import { PamlinkAgent } from 'pamlink/ag-ui';
import { PamlinkChatTransport } from 'pamlink/ai-sdk';
import { wasm } from 'pamlink/inline';
import { useAnswer, useAnswers, useClient, useLink } from 'pamlink/react';
import { answerOf, storeOf, type AnswerState } from 'pamlink/store';
import { join, share } from 'pamlink/tabs';

export function component(address: URL): string {
  const client = useClient(address, { token: async () => 't', wasm: wasm() });
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

type Message = UIMessage<{ at: number }>;

export class Chat extends AbstractChat<Message> {
  constructor(state: ChatState<Message>, client: Client) {
    const transport: ChatTransport<Message> = new PamlinkChatTransport<Message>(client, {
      prepareRequest: ({ messages, body }) => ({ text: `${messages[0].metadata?.at}`, context: body }),
      onError: ({ code, retryAfter }) => `${code} ${retryAfter}`,
    });
    super({ state, transport });
  }
}

export function agent(client: Client): AbstractAgent {
  const made = new PamlinkAgent({ client, threadId: 't', prepareRequest: ({ runId }) => ({ text: runId }) });
  made.run({ threadId: 't', runId: 'r', messages: [], tools: [], context: [] })
    .subscribe((event: BaseEvent) => event.type);
  return made.clone();
}

export function tab(url: URL): Client {
  share((snapshot) => new Client('wss://h/', { snapshot }));
  return join(() => new SharedWorker(url));
}

// @ts-expect-error a component has a client from an address
useClient();
// @ts-expect-error a snapshot never changes
storeOf(new Client('wss://h/')).getSnapshot().answers = [];
// @ts-expect-error a worker makes its client when there is a tab
share(new Client('wss://h/'));
// @ts-expect-error an agent has a client
new PamlinkAgent({});
// @ts-expect-error a transport has a client
new PamlinkChatTransport();
