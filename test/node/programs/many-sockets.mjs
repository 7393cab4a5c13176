// Three hundred listeners with a connection each, then many connections to one listener, all at once and held.
import net from 'node:net';
import { log } from './log.mjs';

const LISTENERS = 300;
const HELD = 1200;

const servers = [];
for (let i = 0; i < LISTENERS; i++) {
  const server = net.createServer((socket) => socket.end(`from ${i}`));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  servers.push(server);
}
const answers = servers.map(
  (server) =>
    new Promise((done) => {
      let text = '';
      const client = net.connect(server.address().port, '127.0.0.1');
      client.on('data', (data) => {
        text += data;
      });
      client.on('error', (error) => done(error.code));
      client.on('close', () => done(text));
    }),
);
const texts = await Promise.all(answers);
log('listeners that answered', texts.filter((text, i) => text === `from ${i}`).length);
for (const server of servers) server.close();

const peers = [];
const server = net.createServer((socket) => {
  peers.push(socket);
  socket.on('data', (data) => socket.write(data));
  socket.on('error', () => {});
});
await new Promise((done) => server.listen(0, '127.0.0.1', HELD, done));
const clients = [];
const echoes = Array.from(
  { length: HELD },
  (_, i) =>
    new Promise((done) => {
      const client = net.connect(server.address().port, '127.0.0.1', () => client.write(`${i}`));
      clients.push(client);
      client.once('data', (data) => done(`${data}` === `${i}`));
      client.on('error', (error) => done(error.code));
    }),
);
log('connections that echoed', (await Promise.all(echoes)).filter((good) => good === true).length);
for (const socket of [...clients, ...peers]) socket.destroy();
server.close(() => log('closed'));
