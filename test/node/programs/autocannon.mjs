// A load generator nobody here wrote, in the process of the server it loads.
import http from 'node:http';
import autocannon from 'autocannon';
import { listening, log } from './log.mjs';

const server = http.createServer((_request, response) => response.end('x'.repeat(1024)));
const port = await listening(server, 0);
const result = await autocannon({
  url: `http://127.0.0.1:${port}`,
  connections: 10,
  pipelining: 2,
  amount: 3000,
});
log('result', result['2xx'], result.non2xx, result.errors, result.timeouts, result.mismatches);
server.closeAllConnections();
server.close();
