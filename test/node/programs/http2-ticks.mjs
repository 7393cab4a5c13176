// What HTTP/2 runs in the ticks: they come after each callback, before the session sends, and an error in one
// is the program's. A stream that is cancelled there sends what was written before.
import { AsyncLocalStorage } from 'node:async_hooks';
import http2 from 'node:http2';
import { heard, listening, log } from './log.mjs';

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const storage = new AsyncLocalStorage();
const acts = {
  '/cancel': (stream) => stream.close(NGHTTP2_CANCEL),
  '/respond-cancel': (stream) => {
    stream.respond();
    stream.close(NGHTTP2_CANCEL);
  },
  '/write-cancel': (stream) => {
    stream.respond();
    stream.write('written');
    stream.close(NGHTTP2_CANCEL);
  },
  '/end-cancel': (stream) => {
    stream.respond();
    stream.end('ended');
    stream.close(NGHTTP2_CANCEL);
  },
  '/write-error': (stream) => {
    stream.respond();
    stream.write('written');
    stream.close(NGHTTP2_INTERNAL_ERROR);
  },
  '/refuse': (stream) => stream.close(NGHTTP2_REFUSED_STREAM),
  '/two-goaways': (stream) => {
    stream.session.goaway(NGHTTP2_INTERNAL_ERROR, 0, Buffer.from('why'));
    stream.respond();
    stream.end('last');
    stream.session.close();
  },
  '/pushed-cancel': (stream) => {
    stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
      pushed.on('error', () => {});
      pushed.respond();
      pushed.end('pushed');
      pushed.close(NGHTTP2_CANCEL);
    });
    stream.respond();
    stream.end('main');
  },
  '/throw': (stream) => {
    stream.respond();
    stream.end('before the error');
    throw new Error('of the handler');
  },
  '/store': (stream) => {
    storage.run('kept', () => setImmediate(() => stream.respond({ store: storage.getStore() }, {})));
    stream.end('stored');
  },
};
const server = http2.createServer();
server.on('stream', (stream, headers) => {
  const path = headers[':path'];
  stream.on('error', (error) => log(`server ${path}`, 'error', error.code));
  stream.on('close', () => log(`server ${path}`, 'close', stream.rstCode));
  acts[path](stream);
});
process.on('uncaughtException', (error) => log('process', 'uncaught', error.message));
const port = await listening(server, 0);
for (const path of Object.keys(acts)) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('goaway', (code, last, data) => log(path, 'goaway', code, last, String(data ?? '')));
  session.on('error', (error) => log(path, 'session error', error.code));
  session.on('stream', (pushed) => {
    let text = '';
    pushed.on('data', (chunk) => (text += chunk));
    pushed.on('error', (error) => log(`${path} pushed`, 'error', error.code));
    pushed.on('close', () => log(`${path} pushed`, 'close', text, pushed.rstCode));
  });
  const request = session.request({ ':path': path, ':method': 'POST' });
  request.end('body');
  let text = '';
  request.on('response', (headers) => log(path, 'response', headers.store ?? ''));
  request.on('data', (chunk) => (text += chunk));
  request.on('aborted', () => log(path, 'aborted'));
  request.on('end', () => log(path, 'end', text));
  request.on('error', (error) => log(path, 'error', error.code));
  request.on('close', () => {
    log(path, 'close', request.rstCode);
    session.close();
  });
  await heard(session, 'close');
}
server.close();
