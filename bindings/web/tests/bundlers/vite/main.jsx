import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Client } from 'pamlink';

import { Assistant } from './assistant.jsx';
import { Chat } from './chat.jsx';
import { connect } from './tabs.js';

const { url, token, show } = Object.fromEntries(new URLSearchParams(location.search));
const shown = {
  chat: () => <Chat url={url} token={token} />,
  assistant: () => <Assistant id="assistant" client={new Client(url, { token })} />,
  tabs: () => {
    globalThis.client = connect(url);
  },
}[show]();
createRoot(document.body).render(<StrictMode>{shown}</StrictMode>);
