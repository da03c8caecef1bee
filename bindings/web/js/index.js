export { AnswerStream } from './answer-stream.js';
export { Client } from './client.js';
export { load } from './engine.js';
export { PamlinkError } from './errors.js';
