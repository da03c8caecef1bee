// What is written by hand with Socket.IO, over its WebSocket transport.

import { connect, disconnect, handle, isAllowed, listening, require, server } from './world.mjs';

const { Server } = require('socket.io');

const sockets = new Server(server, { transports: ['websocket'] });

sockets.use((socket, next) => {
  const { user, token } = socket.handshake.auth;
  next(isAllowed(user, token) ? undefined : new Error('4001'));
});

sockets.on('connection', (socket) => {
  const { user } = socket.handshake.auth;
  const send = (frame) => socket.emit('message', frame);
  send(connect(socket, user));
  socket.on('message', (message) => handle(user, message, send));
  socket.on('disconnect', () => disconnect(socket, user));
});

listening();
