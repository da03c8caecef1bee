// The same service, with the engine.

import { Client } from 'pamlink';

export class PamService {
  constructor(url, getToken) {
    this.client = new Client(url, { token: getToken });
  }

  on(type, listener) {
    if (type === 'push') return this.client.on('message', ({ envelope }) => listener(envelope));
    return this.client.on('state_changed', () => listener(this.client.state));
  }

  connect() {
    this.client.connect();
  }

  async chat(message, context = {}) {
    const { text } = await this.client.ask(message, { context }).answer;
    return text;
  }

  disconnect() {
    return this.client.close();
  }
}
