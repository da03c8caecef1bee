// The conversation as a list: what was asked, its answers as they grow, and what else happened.

const MOST = 500;
const list = document.getElementById('log');

/** Appends a line, and keeps the end in sight for whoever looks at it. */
export function line(kind, text, detail = '') {
  const item = document.createElement('li');
  item.className = kind;
  item.append(element('p', text), element('small', detail));
  atEnd(() => list.append(item));
  while (list.children.length > MOST) list.firstElementChild.remove();
  return item;
}

/** The lines of which nothing more comes, as `restore` takes them. */
export function settled() {
  const lines = [...list.children].filter((item) => !item.dataset.running);
  return lines.map((item) => [item.className, item.children[0].textContent, item.children[1].textContent]);
}

export function restore(lines) {
  list.replaceChildren();
  for (const [kind, text, detail] of lines) line(kind, text, detail);
}

/** Every answer that runs. */
export const running = new Set();

/** A request, and its answer as it grows. */
export class Turn {
  #asked;
  #item;
  #text;
  #detail;
  #stop;
  #began = performance.now();
  /** Its user wants no more of it. */
  isStopping = false;
  #isSilent = true;
  /** Since when the link is away. */
  #awaySince = null;
  #notes = [];

  /** @param {string} text @param {() => void} stop has it cancelled @param {string} [note] what led to it */
  constructor(text, stop, note) {
    this.stop = stop;
    this.#asked = line('mine', text);
    this.#item = line('answer', '');
    for (const item of [this.#asked, this.#item]) item.dataset.running = 'true';
    [this.#text, this.#detail] = this.#item.children;
    this.#item.setAttribute('aria-busy', 'true');
    this.#stop = element('button', 'Stop');
    this.#stop.type = 'button';
    this.#stop.addEventListener('click', stop);
    if (note) this.#notes.push(note);
    atEnd(() => this.#item.append(this.#stop));
    this.#show('');
    running.add(this);
  }

  /** A piece has come; whether that ends a break. */
  grow(text, restart) {
    const wasAway = this.#awaySince !== null;
    if (wasAway) {
      this.#notes.push(`went on after a break of ${span(performance.now() - this.#awaySince)}`);
      this.#awaySince = null;
    }
    if (restart) this.#text.textContent = '';
    atEnd(() => this.#text.append(text));
    this.#isSilent = false;
    this.#show('');
    return wasAway;
  }

  /** The link is away. */
  pause() {
    this.#awaySince ??= performance.now();
    this.#show('waits for the link');
  }

  stopping() {
    this.isStopping = true;
    this.#loseFocus();
    this.#stop.disabled = true;
    this.#show('stopping');
  }

  /** What else is to be said of it, such as what a cancel has come to. */
  note(text) {
    this.#notes.push(text);
    this.#show('');
  }

  /** It has ended, as an answer of `who` or, with `kind`, as something else. */
  end({ who = '', text, kind = 'answer', why = '' } = {}) {
    if (text !== undefined) this.#text.textContent = text;
    this.#item.className = kind;
    const took = kind === 'answer' ? span(performance.now() - this.#began) : '';
    this.#settle([who, why, took]);
    return `${who ? `${who}: ` : ''}${[this.#text.textContent, why].filter(Boolean).join('. ')}`;
  }

  /** Takes it out of the list: another page goes on with it. */
  remove() {
    running.delete(this);
    this.#asked.remove();
    this.#item.remove();
  }

  /** Whether something is still to come of it here. */
  get isRunning() {
    return running.has(this);
  }

  #settle(first) {
    running.delete(this);
    this.#notes.unshift(...first.filter(Boolean));
    for (const item of [this.#asked, this.#item]) delete item.dataset.running;
    this.#item.removeAttribute('aria-busy');
    this.#loseFocus();
    this.#stop.remove();
    this.#isSilent = false;
    this.#show('');
  }

  /** Whoever has come to the button by the keyboard is not to be left nowhere without it. */
  #loseFocus() {
    if (document.activeElement === this.#stop) document.getElementById('text').focus();
  }

  #show(now) {
    this.#item.toggleAttribute('data-silent', this.#isSilent);
    atEnd(() => { this.#detail.textContent = [...this.#notes, now].filter(Boolean).join(', '); });
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** Milliseconds for people. */
export function span(ms) {
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Changes the list; who looks at its end still does. */
function atEnd(change) {
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  change();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}
