// What is written by hand with npm `ws`.

import { connect, disconnect, handle, isAllowed, listening, refuse, require, server } from './world.mjs';

const { WebSocketServer } = require('ws');

const PATH = '/api/v1/pam/ws/';
const sockets = new WebSocketServer({ server });

sockets.on('connection', (socket, request) => {
  const url = new URL(request.url, 'http://localhost');
  const user = decodeURIComponent(url.pathname.slice(PATH.length));
  if (!url.pathname.startsWith(PATH) || !isAllowed(user, url.searchParams.get('token'))) {
    socket.close(4001);
    return;
  }
  const send = (frame) => socket.send(JSON.stringify(frame));
  send(connect(socket, user));
  socket.on('message', (data) => {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      refuse('FORMAT_ERROR', send);
      return;
    }
    handle(user, message, send);
  });
  socket.on('close', () => disconnect(socket, user));
});

listening();
