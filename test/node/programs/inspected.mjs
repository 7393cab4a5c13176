// What a program prints of servers, sockets and requests, and what it finds equal, tells nothing of what is beneath.
import assert from 'node:assert';
import http from 'node:http';
import net from 'node:net';
import { inspect } from 'node:util';
import { heard, listening } from './log.mjs';

const show = (name, what) => {
  // Addresses of the day, numbers of resources and times are nobody's to compare.
  const text = inspect(what, { depth: 3 }).replace(/\d+/g, 'N');
  console.log(name, text.replace(/'[A-Z][a-z]{2}, N [A-Z][a-z]{2} N N:N:N GMT'/g, 'DATE'));
};

const server = net.createServer();
const port = await listening(server, 0, '127.0.0.1');
show('server', server);
const client = net.connect(port, '127.0.0.1');
show('connecting', client);
const accepted = heard(server, 'connection');
await heard(client, 'connect');
const [peer] = await accepted;
peer.write('hello');
await heard(client, 'data');
show('client', client);
show('peer', peer);
try {
  assert.strictEqual(client._handle, peer._handle);
} catch (error) {
  console.log(error.code, error.message.split('\n').length);
}
client.destroy();
peer.destroy();
server.close();

const web = http.createServer();
const webPort = await listening(web, 0, '127.0.0.1');
show('web server', web);
const request = http.get({ port: webPort, host: '127.0.0.1', agent: false });
const answered = heard(request, 'response');
const [received, response] = await heard(web, 'request');
show('received', received);
show('its answer', response);
response.end('answer');
const [answer] = await answered;
show('answer', answer);
show('request', request);
answer.resume();
await heard(answer, 'close');
web.close();
