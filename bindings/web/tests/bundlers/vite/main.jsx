import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Client } from 'pamlink';

import { Assistant } from './assistant.jsx';
import { Chat } from './chat.jsx';

const { url, token, show } = Object.fromEntries(new URLSearchParams(location.search));
const element = show === 'chat'
  ? <Chat url={url} token={token} />
  : <Assistant id="assistant" client={new Client(url, { token })} />;
createRoot(document.body).render(<StrictMode>{element}</StrictMode>);
