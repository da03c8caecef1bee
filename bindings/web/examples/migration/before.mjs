// A hand-written service of a web app, as such apps have it.

const PING_EVERY = 15_000;
const PONG_WITHIN = 24_000;
const CHAT_WITHIN = 30_000;
const RENEW_BEFORE = 5 * 60_000;
const MOST_RETRIES = 10;

export class PamService {
  socket = null;
  retries = 0;
  misses = 0;
  lastPong = 0;
  pending = null;
  waiting = [];
  seen = new Set();
  listeners = new Map();

  constructor(url, getToken) {
    this.url = url;
    this.getToken = getToken;
    globalThis.addEventListener?.('online', () => {
      this.retries = 0;
      this.connect();
    });
  }

  on(type, listener) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  emit(type, value) {
    for (const listener of this.listeners.get(type) ?? []) listener(value);
  }

  async connect() {
    if (this.socket && this.socket.readyState <= 1) return;
    const token = await this.getToken();
    this.scheduleRenewal(token);
    const socket = new WebSocket(`${this.url}?token=${token}`);
    this.socket = socket;
    socket.onopen = () => {
      this.retries = 0;
      this.misses = 0;
      this.lastPong = Date.now();
      this.startPinging();
      for (const frame of this.waiting.splice(0)) socket.send(frame);
      this.emit('status', 'connected');
    };
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    socket.onclose = ({ code }) => {
      clearInterval(this.pinging);
      this.emit('status', 'disconnected');
      if (code !== 1000) this.scheduleRetry();
    };
    socket.onerror = () => this.emit('status', 'error');
  }

  receive(frame) {
    if (frame.type === 'ping') {
      this.socket.send(JSON.stringify({ type: 'pong', timestamp: frame.timestamp }));
      return;
    }
    if (frame.type === 'pong') {
      this.lastPong = Date.now();
      this.misses = 0;
      return;
    }
    if (frame.type === 'connection') return;
    if (frame.id !== undefined) {
      if (this.seen.has(frame.id)) return;
      this.seen.add(frame.id);
      if (this.seen.size > 100) this.seen = new Set([...this.seen].slice(-50));
    }
    if (frame.type === 'proactive_alert' || frame.type === 'timer_expired') this.emit('push', frame);
    // Whatever has a text answers whoever waits.
    const text = frame.message ?? frame.content ?? frame.response;
    if (this.pending && text !== undefined) {
      clearTimeout(this.pending.timer);
      this.pending.settle(text);
      this.pending = null;
    }
  }

  chat(message, context = {}) {
    return new Promise((settle, fail) => {
      const timer = setTimeout(() => {
        this.pending = null;
        fail(new Error('no answer'));
      }, CHAT_WITHIN);
      this.pending = { settle, timer };
      const frame = JSON.stringify({ type: 'chat', message, context });
      if (this.socket?.readyState === 1) this.socket.send(frame);
      else this.waiting.push(frame);
    });
  }

  startPinging() {
    clearInterval(this.pinging);
    this.pinging = setInterval(() => {
      if (this.socket.readyState !== 1) return;
      if (Date.now() - this.lastPong > PONG_WITHIN) this.misses += 1;
      if (this.misses >= 3) this.scheduleRetry();
      else this.socket.send(JSON.stringify({ type: 'ping', timestamp: Date.now() }));
    }, PING_EVERY);
  }

  scheduleRetry() {
    if (this.retries >= MOST_RETRIES) {
      this.emit('status', 'failed');
      return;
    }
    const delay = 1_000 * 2 ** this.retries * (0.75 + Math.random() / 2);
    this.retries += 1;
    this.retrying = setTimeout(() => this.connect(), delay);
  }

  scheduleRenewal(token) {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    const wait = exp * 1_000 - Date.now() - RENEW_BEFORE;
    clearTimeout(this.renewing);
    if (wait > 0) {
      this.renewing = setTimeout(() => {
        this.socket?.close(4000, 'renewal');
        this.connect();
      }, Math.min(wait, 2 ** 31 - 1));
    }
  }

  disconnect() {
    clearTimeout(this.retrying);
    clearTimeout(this.renewing);
    clearInterval(this.pinging);
    this.socket?.close(1000);
  }
}
