// Connections of an agent that are used again: Node 24 sets a guard upon what reads them while they are idle.
import http from 'node:http';
import https from 'node:https';
import { cert, key } from './certificate.mjs';
import { heard, listening, log } from './log.mjs';

async function family(name, module, server, options) {
  let connections = 0;
  server.on(name === 'http' ? 'connection' : 'secureConnection', () => connections++);
  const port = await listening(server, 0, '127.0.0.1');
  const agent = new module.Agent({ keepAlive: true, maxSockets: 1, ...options });
  for (let i = 0; i < 3; i++) {
    const request = module.get({ port, host: '127.0.0.1', path: `/${i}`, agent });
    const [response] = await heard(request, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    log(name, text, request.reusedSocket);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  agent.destroy();
  log(name, 'connections', connections);
  server.close();
  await heard(server, 'close');
}

const answer = (request, response) => response.end(`answer to ${request.url}`);
await family('http', http, http.createServer(answer), {});
await family('https', https, https.createServer({ key, cert }, answer), {
  ca: cert,
  servername: 'localhost',
});
