// The agent under the real client of AG-UI.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { serve, token } from '../../../tests/interop/node/pamlink.mjs';
import { check, same, test } from '../../../tests/interop/node/tap.mjs';
import { pamlink } from './package.mjs';
import { client, event, scripted, soon } from './peer.mjs';

const require = createRequire(pamlink('js/ag-ui.js'));
const { AbstractAgent } = await import(pathToFileURL(require.resolve('@ag-ui/client').replace(/\.js$/, '.mjs')).href);
const { PamlinkAgent } = await import(pamlink('js/ag-ui.js'));
const server = await serve({ pace: '20ms' });
let users = 0;
const LONG = `plan ${'a very long trip '.repeat(20)}`;

function connected(options) {
  const user = `ag-ui-${(users += 1)}`;
  return client(`${server.base}${user}`, { token: () => token(user), v1: true, ...options });
}

const user = (content, id = 'm1') => ({ id, role: 'user', content });
const agentOf = (it, text, more) => new PamlinkAgent({ client: it, threadId: 't1', initialMessages: [user(text)], ...more });

/** Runs an agent; its events as its subscribers have them. */
async function ran(agent, { runId = 'r1', seen = () => {} } = {}) {
  const events = [];
  const onEvent = ({ event: it }) => {
    events.push(it);
    seen(it);
  };
  const result = await agent.runAgent({ runId }, { onEvent }).catch((failure) => ({ failure }));
  return { ...result, events };
}

const kindsOf = (events) => events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
const SPOKEN = ['RUN_STARTED', 'TEXT_MESSAGE_START', 'TEXT_MESSAGE_CONTENT', 'TEXT_MESSAGE_END', 'RUN_FINISHED'];

/** A peer, and a client and an agent of it whose run has reached the peer. */
async function begun(text = 'one') {
  const peer = await scripted();
  const it = client(peer.url);
  const agent = agentOf(it, text);
  const run = ran(agent);
  const link = await peer.next();
  const chat = await link.next();
  return {
    it, agent, run, link, chat,
    pass: (body, run_id = 'r1') => link.say({ type: 'ag_ui', run_id, event: body }),
    answer: (message) => link.say({ type: 'chat_response', reply_to: chat.id, message, content: message }),
    end: async () => { await it.close(); peer.stop(); },
  };
}

test('ag-ui: a run is an answer, as a message that grows', async () => {
  const it = connected();
  const agent = agentOf(it, 'plan a trip to the coast');
  check(agent instanceof AbstractAgent, 'no agent');
  const { newMessages, events } = await ran(agent);
  same(kindsOf(events), SPOKEN, 'events');
  const text = events.map(({ delta = '' }) => delta).join('');
  check(events.length > 7 && text.includes('Mapping'), events);
  same(newMessages, [{ id: 'r1-answer', role: 'assistant', content: text }], 'messages');
  same(events.at(-1), { type: 'RUN_FINISHED', threadId: 't1', runId: 'r1', outcome: { type: 'success' } }, 'end');
  agent.addMessage(user('how much fuel?', 'm2'));
  const next = await ran(agent, { runId: 'r2' });
  same([next.newMessages.length, agent.messages.length], [1, 4], 'the next run');
  await it.close();
});

test('ag-ui: a run that is aborted is cancelled, and keeps what it has', async () => {
  const it = connected();
  const agent = agentOf(it, LONG);
  let deltas = 0;
  const { events, newMessages } = await ran(agent, { seen: ({ type }) => {
    if (type === 'TEXT_MESSAGE_CONTENT' && (deltas += 1) === 3) agent.abortRun();
  } });
  same(kindsOf(events), SPOKEN, 'events');
  same(events.at(-1).outcome, { type: 'cancelled' }, 'outcome');
  check(newMessages[0].content.length < LONG.length, newMessages);
  await it.close();
});

test('ag-ui: a clone is an agent of its own of the same client', async () => {
  const it = connected();
  const agent = agentOf(it, 'how much fuel?');
  const [one, two] = await Promise.all([ran(agent), ran(agent.clone(), { runId: 'r2' })]);
  same([one, two].map(({ events }) => events.at(-1).runId), ['r1', 'r2'], 'runs');
  await it.close();
});

test('ag-ui: a refusal is the error of the run', async () => {
  const { run, link, chat, end } = await begun();
  link.say({ type: 'error', reply_to: chat.id, error_code: 'UNKNOWN_AGENT', message: 'who?' });
  const { events } = await run;
  same(events.slice(1), [{ type: 'RUN_ERROR', message: 'who?', code: 'rejected' }], 'events');
  await end();
});

test('ag-ui: the server is asked in the thread, with what the run has beside its messages', async () => {
  const { run, chat, answer, end } = await begun('fuel so far?');
  same([chat.message, chat.session_id], ['fuel so far?', 't1'], 'request');
  const { runId, threadId, tools, messages } = chat.context.ag_ui;
  same([runId, threadId, tools, messages], ['r1', 't1', [], undefined], 'context');
  answer('40 liters');
  same((await run).newMessages[0].content, '40 liters', 'answer');
  await end();
});

test('ag-ui: events that the server passes through come untouched, and no others', async () => {
  const { run, chat, link, pass, answer, end } = await begun();
  const passed = [
    { type: 'RUN_STARTED', threadId: 't1', runId: 'r1' },
    { type: 'STATE_SNAPSHOT', snapshot: { fuel: 40.5, stops: [null, true] } },
    { type: 'TOOL_CALL_START', toolCallId: 'c1', toolCallName: 'fuel_log' },
    { type: 'TOOL_CALL_ARGS', toolCallId: 'c1', delta: '{"since":"2026-03-01"}' },
    { type: 'TOOL_CALL_END', toolCallId: 'c1' },
    { type: 'TEXT_MESSAGE_START', messageId: 'm2', role: 'assistant' },
    { type: 'TEXT_MESSAGE_CONTENT', messageId: 'm2', delta: '40 liters \u2013 since Monday' },
    { type: 'TEXT_MESSAGE_END', messageId: 'm2' },
    { type: 'RUN_FINISHED', threadId: 't1', runId: 'r1', result: { liters: 40.5 } },
  ];
  pass({ type: 'CUSTOM', name: 'of another run', value: 1 }, 'r2');
  for (const each of passed.slice(0, -1)) pass(each);
  // For a client that knows nothing of AG-UI.
  link.say({ type: 'chat_response_delta', reply_to: chat.id, content: '40 liters' });
  await soon();
  pass(passed.at(-1));
  answer('40 liters \u2013 since Monday');
  const { events, result } = await run;
  same(events, passed, 'events');
  same(result, { liters: 40.5 }, 'result');
  await end();
});

test('ag-ui: events beside a text that comes in pieces stand in one run with it', async () => {
  const { run, chat, link, pass, answer, end } = await begun();
  pass({ type: 'STEP_STARTED', stepName: 'look' });
  link.say({ type: 'chat_response_delta', reply_to: chat.id, content: '40 ' });
  pass({ type: 'STEP_FINISHED', stepName: 'look' });
  answer('40 liters');
  const { events } = await run;
  same(kindsOf(events), ['RUN_STARTED', 'STEP_STARTED', 'TEXT_MESSAGE_START', 'TEXT_MESSAGE_CONTENT',
    'STEP_FINISHED', 'TEXT_MESSAGE_CONTENT', 'TEXT_MESSAGE_END', 'RUN_FINISHED'], 'events');
  await end();
});

test('ag-ui: a text that begins anew takes the place of the one before', async () => {
  const { agent, run, chat, link, answer, end } = await begun();
  link.say({ type: 'chat_response_delta', reply_to: chat.id, content: 'fourty' });
  await soon();
  answer('forty');
  await run;
  same(agent.messages.map(({ content }) => content), ['one', 'forty'], 'messages');
  await end();
});

test('ag-ui: who detaches from a run lets it go on', async () => {
  const { it, agent, run, answer, end } = await begun();
  const late = event(it, 'late');
  await agent.detachActiveRun();
  await run;
  answer('at last');
  same((await late).text, 'at last', 'late');
  await end();
});

test('ag-ui: a message that is no text is an error that names it', async () => {
  const of = async (content) => {
    const agent = agentOf(client('ws://127.0.0.1:1/'), content);
    const { events } = await ran(agent);
    return events.at(-1);
  };
  same(await of([{ type: 'text', text: 'x' }, { type: 'image', source: { type: 'url', value: 'https://h/x.png' } }]),
    { type: 'RUN_ERROR', message: 'content[1] of the message is image: a request is a text', code: 'bad_input' }, 'image');
});
