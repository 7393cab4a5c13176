// An error that nothing caught, in a tick of what TLS has read: the process ends, and says of what.
import tls from 'node:tls';
import { cert, key } from './certificate.mjs';
import { listening } from './log.mjs';

Error.stackTraceLimit = 1;
process.on('uncaughtExceptionMonitor', (error) => console.log('heard of', error.message));
process.on('exit', (code) => console.log('exit', code));
const server = tls.createServer({ key, cert }, (socket) => {
  socket.on('data', (data) => {
    console.log('server', String(data));
    process.nextTick(() => socket.nobody.there);
  });
});
const port = await listening(server, 0);
const client = tls.connect({ port, rejectUnauthorized: false }, () => client.write('hello'));
client.on('close', () => console.log('not reached'));
