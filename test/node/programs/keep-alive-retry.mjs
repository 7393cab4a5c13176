// A keep-alive client whose server has closed the idle connection: the request on it fails with ECONNRESET and says
// that it was on a socket used before, which is what Node's documentation has a client retry by.
import http from 'node:http';
import { listening, log } from './log.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const connections = new Set();
const server = http.createServer((_request, response) => response.end('ok'));
server.on('connection', (socket) => {
  connections.add(socket);
  socket.on('close', () => connections.delete(socket));
});
const port = await listening(server, 0);

function get() {
  return new Promise((resolve) => {
    const request = http.get({ port, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(`${response.statusCode}, reused ${request.reusedSocket}`));
    });
    request.on('error', (error) => resolve(`${error.code}, reused ${request.reusedSocket}`));
  });
}

log('first', await get());
for (let round = 0; round < 5; round++) {
  await new Promise((resolve) => setImmediate(resolve)); // the socket goes back to the agent
  for (const socket of connections) socket.destroy();
  log(`round ${round}, on the closed one`, await get());
  log(`round ${round}, again`, await get());
}
agent.destroy();
server.close();
