// A cluster's worker that listens for messages from its first turn on, as a CommonJS program can.
const net = require('node:net');

process.on('message', (text, server) => {
  if (server instanceof net.Server) server.close();
  process.send({ text, server: server instanceof net.Server, execArgv: process.execArgv.length }, () =>
    process.disconnect(),
  );
});
