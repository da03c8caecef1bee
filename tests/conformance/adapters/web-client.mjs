// The client of the npm package as a host of it, for Node and for a page.

/** What its adapters say first. */
export const READY = {
  ends: ['whole_client'],
  options: ['anonymous', 'max_message_bytes', 'v1'],
  commands: ['connect', 'disconnect', 'token', 'send', 'ask', 'cancel', 'snapshot'],
  events: ['need_token', 'retrying', 'stopped', 'welcomed', 'message', 'repeated', 'gap', 'unreadable',
    'outcome', 'answered', 'rejected', 'expired', 'unknown', 'unsent', 'cancelled',
    'cancel_result', 'piece', 'late'],
  closes_as: 'browser',
};

/** What an event of the client is in the files. */
const SHOWN = {
  retrying: () => ({}),
  stopped: () => ({}),
  welcomed: () => ({}),
  message: ({ envelope }) => ({ body: envelope }),
  repeated: ({ envelope }) => ({ body: envelope }),
  gap: ({ lost, errorCode }) => ({ lost, reason: errorCode }),
  unreadable: ({ text }) => ({ text }),
  late: () => ({}),
};

let Client;
let WebSocket;
let write;
let client;
let closed;
let connected;
/** Who waits for a token. */
let wanted = [];
/** What was asked and has not ended, by name, in its order: whether its answer is read as it grows. */
let asked;
/** The answers, by name. */
let answers;

/** Begins with the package's client, what makes its transports, and what writes a line. */
export function begin(its) {
  ({ Client, WebSocket, write } = its);
}

/** What a client that was let go of says is said to nobody. */
const event = (of, name, members = {}) => of === client && write({ event: { [name]: members } });

function make({ url, options: { anonymous, max_message_bytes: maxMessageBytes, v1 }, snapshot: last }) {
  const before = client;
  [connected, closed] = [false, false];
  const wants = [];
  wanted = wants;
  const token = (why) => {
    event(made, 'need_token', { why });
    return new Promise((settle) => wants.push(settle));
  };
  const snapshot = last && new Uint8Array(last.bytes);
  const made = new Client(url, { token: anonymous ? undefined : token, maxMessageBytes, v1, WebSocket, snapshot });
  client = made;
  asked = new Map(last?.asked);
  answers = new Map();
  const goOn = [...asked.keys()];
  made.on('restored', ({ answer }) => follow(made, answer, goOn.shift()).catch(() => {}));
  for (const [type, members] of Object.entries(SHOWN)) made.on(type, (it) => event(made, type, members(it)));
  void before?.close().catch(() => {});
}

/** Reads an answer as it grows, and says how it has ended. */
async function follow(of, answer, command) {
  answers.set(command, answer);
  try {
    for await (const { text, restart } of answer) {
      if (asked.get(command) && (text || restart)) event(of, 'piece', { command, text, restart });
    }
  } catch {
    // How it has ended says which it was.
  }
  end(of, command, await answer.ended());
}

function end(of, command, { type }) {
  if (of === client) asked.delete(command);
  event(of, type, { command });
}

/** What was begun has come to where it waits. */
const turn = () => new Promise((settle) => setTimeout(settle, 0));

const commands = {
  connect: () => {
    if (closed) return { cannot: 'a client that was closed is not opened again' };
    connected = true;
    client.connect();
    return undefined;
  },
  disconnect: () => {
    closed = true;
    void client.close();
  },
  token: ({ token, expires }) => {
    if (wanted.length === 0) return { cannot: 'a token is given when it is wanted' };
    wanted.shift()(expires === undefined ? token : { token, expires: Date.now() + expires });
    return undefined;
  },
  ask: ({ message, stream }, command) => {
    const of = client;
    asked.set(command, stream === true);
    const ended = stream ? follow(of, of.ask(message), command) : of.send(message).then((it) => end(of, command, it));
    ended.catch(() => {});
  },
  cancel: async ({ command }) => {
    const of = client;
    const said = ({ outcome, offset, errorCode: code }) => event(of, 'cancel_result', { command, outcome, offset, code });
    answers.get(command).cancel().then(said, () => {});
    await turn();
  },
  snapshot: async () => ({ done: { bytes: [...await client.snapshot()], asked: [...asked] } }),
  send: async ({ body, ttl, ...options }, name) => {
    if (!connected) return { cannot: 'what is sent first connects it' };
    const [more] = Object.keys(options).filter((it) => !['priority', 'key', 'agent'].includes(it));
    if (more) return { cannot: `\`send\` has no \`${more}\`` };
    const of = client;
    let refusal;
    of.submit(JSON.stringify(body), { ...options, timeToLive: ttl }).then(
      ({ outcome, errorCode, retryAfter }) => {
        const why = outcome === 'expired' ? { reason: errorCode } : { code: errorCode };
        event(of, 'outcome', { command: name, outcome, ...why, retry_after: retryAfter });
      },
      (error) => {
        refusal = error;
      },
    );
    // It is refused at once.
    await turn();
    return { done: refusal ? { error: refusal.code } : null };
  },
};

/** Answers a line of the runner. */
export async function handle({ make: end, do: command, as, ...its }) {
  try {
    if (end) {
      make(its);
      return { done: null };
    }
    const [[word, members]] = Object.entries(command);
    return (await commands[word](members, as)) ?? { done: null };
  } catch (error) {
    return { fault: String(error) };
  }
}
