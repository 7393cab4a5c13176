// How HTTP/2 streams and sessions end: what was written before RST_STREAM or GOAWAY arrives, an upload longer
// than the window may be answered early, and a session closes when its last stream has.
import http2 from 'node:http2';
import { heard, listening, log } from './log.mjs';

const { NGHTTP2_REFUSED_STREAM } = http2.constants;
const server = http2.createServer();
const acts = {
  '/error': (stream) => stream.destroy(new Error('no')),
  '/goaway': (stream) => {
    stream.session.goaway(NGHTTP2_REFUSED_STREAM);
    stream.end('bye');
  },
  '/early': (stream) => setImmediate(() => stream.end()),
  '/trailers': (stream) => stream.end('last'),
};
server.on('stream', (stream, headers) => {
  const path = headers[':path'];
  stream.on('error', (error) => log(`server ${path}`, 'stream error', error.message));
  stream.on('close', () => log(`server ${path}`, 'stream closed', stream.rstCode));
  stream.session.on('error', (error) => log(`server ${path}`, 'session error', error.message));
  if (path === '/trailers') stream.on('wantTrailers', () => stream.sendTrailers({ sum: 'x' }));
  stream.respond({ ':status': 200 }, { waitForTrailers: path === '/trailers' });
  stream.write(`hello ${path}`);
  acts[path](stream);
});
const port = await listening(server, 0);
for (const path of Object.keys(acts)) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('goaway', (code) => log(path, 'goaway', code));
  session.on('error', (error) => log(path, 'session error', error.message));
  const request = session.request({ ':path': path, ':method': 'POST' });
  let text = '';
  request.on('response', (headers) => log(path, 'status', headers[':status']));
  request.on('data', (chunk) => (text += chunk));
  request.on('trailers', (headers) => log(path, 'trailers', headers.sum));
  request.on('aborted', () => log(path, 'aborted'));
  request.on('error', (error) => log(path, 'error', error.message));
  request.on('end', () => log(path, 'end', text));
  request.on('close', () => {
    log(path, 'close', request.rstCode);
    session.close();
  });
  if (path !== '/early') request.end('body');
  else {
    let left = 20; // 20 times 16 KiB, as a pipe would: one after the other
    const more = () => (left-- > 0 ? request.write(Buffer.alloc(16384), more) : request.end());
    more();
  }
  await heard(session, 'close');
  log(path, 'session closed');
}
server.close();
