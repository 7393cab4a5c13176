// Servers of this process that other processes, threads and commands reach, and the other way round.
import { execFile, fork, spawn } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { heard, listening, log } from './log.mjs';

const FILE = fileURLToPath(import.meta.url);
const own = Object.values(os.networkInterfaces())
  .flat()
  .find((i) => i.family === 'IPv4' && !i.internal);
const ownAddress = own?.address ?? '127.0.0.1';

/** What a connection brings: all it says, or its error. */
function ask(options) {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(options, () => socket.end('question'));
    socket.on('data', (data) => (text += data));
    socket.on('error', (error) => resolve(`${error.code} ${error.syscall}`));
    socket.on('end', () => resolve(text));
  });
}

/** A server that answers with what it is told and by whom. */
const answering = (name) =>
  net.createServer((peer) => {
    let text = '';
    peer.on('data', (data) => (text += data));
    peer.on('end', () =>
      peer.end(`${name} heard ${text} from ${peer.remoteAddress} at ${peer.localAddress}`),
    );
  });

async function serveAndAsk(name, port, send) {
  if (port !== undefined) send(await ask({ port, host: '127.0.0.1' }));
  const server = answering(name);
  send(await listening(server, 0, '127.0.0.1'));
  return server;
}

async function withWorker(port) {
  const worker = new Worker(FILE, { workerData: port });
  const [[said]] = [await heard(worker, 'message')];
  log('worker', 'asked', said);
  const [workersPort] = await heard(worker, 'message');
  log('worker', 'answered', await ask({ port: workersPort, host: '127.0.0.1' }));
  await worker.terminate();
}

async function withChild(port, options, name) {
  const child = fork(FILE, ['child', port], options);
  const [said] = await heard(child, 'message');
  log(name, 'asked', said);
  const [childsPort] = await heard(child, 'message');
  log(name, 'answered', await ask({ port: childsPort, host: '127.0.0.1' }));
  const taken = net.createServer().listen(childsPort, '127.0.0.1');
  const [error] = await heard(taken, 'error');
  log(name, 'its port', error.code, error.syscall);
  child.disconnect();
  await heard(child, 'exit');
  log(name, 'gone', await ask({ port: childsPort, host: '127.0.0.1' }));
}

/** A connection of the server's to itself, which the child serves as its standard streams. */
async function asStandardStreams() {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (peer) => {
    spawn('cat', [], { stdio: [peer, peer, 'inherit'] });
    peer.destroy();
  });
  const port = await listening(server, 0, '127.0.0.1');
  log('spawn', await ask({ port, host: '127.0.0.1' }));
  server.close();
}

async function passed() {
  const child = fork(FILE, ['receiver'], { execArgv: [] });
  const server = net.createServer({ pauseOnConnect: true }, (peer) => child.send('socket', peer));
  const port = await listening(server, 0, '127.0.0.1');
  log('passed', 'socket', await ask({ port, host: '127.0.0.1' }));
  child.send('server', server, () => server.close());
  await heard(child, 'message');
  log('passed', 'server', await ask({ port, host: '127.0.0.1' }));
  child.disconnect();
}

async function ofTheMachine() {
  const server = answering('machine');
  const port = await listening(server, 0);
  const said = async (options) => (await ask({ port, ...options })).replaceAll(ownAddress, 'own');
  log('machine', await said({ host: ownAddress }));
  log('machine', 'bound', await said({ host: '127.0.0.1', localAddress: ownAddress }));
  log('machine', 'bound', await said({ host: '127.0.0.1', localAddress: '127.0.0.9' }));
  log('machine', await said({ host: '127.6.0.1' }));
  server.close();
  const narrow = answering('narrow');
  const narrowPort = await listening(narrow, 0, ownAddress);
  log('narrow', (await ask({ port: narrowPort, host: ownAddress })).replaceAll(ownAddress, 'own'));
  log('narrow', await ask({ port: narrowPort, host: own ? '127.0.0.1' : '127.0.0.2' }));
  narrow.close();
}

async function main() {
  const server = answering('main');
  const port = await listening(server, 0);
  await withWorker(port);
  await withChild(port, { execArgv: [] }, 'child');
  await withChild(port, {}, 'child with the same flags');
  server.close();
  await heard(server, 'close');
  const web = http.createServer((request, response) => response.end(`web ${request.method} ${request.url}`));
  const webPort = await listening(web, 0, '127.0.0.1');
  const curled = await new Promise((resolve) => {
    execFile('curl', ['-s', '--noproxy', '*', `http://127.0.0.1:${webPort}/page`], (error, stdout) =>
      resolve(error?.code === 'ENOENT' ? 'there is no curl' : `${error?.code ?? 0} ${stdout}`),
    );
  });
  log('curl', curled);
  web.close();
  await asStandardStreams();
  await passed();
  await ofTheMachine();
}

if (!isMainThread) await serveAndAsk('worker', workerData, (value) => parentPort.postMessage(value));
else if (process.argv[2] === 'child') {
  const server = await serveAndAsk('child', Number(process.argv[3]), (value) => process.send(value));
  process.on('disconnect', () => server.close());
} else if (process.argv[2] === 'receiver') {
  process.on('message', (what, handle) => {
    if (what === 'socket') {
      handle.resume();
      handle.end('the child has it');
    } else {
      handle.on('connection', (peer) => {
        peer.resume();
        peer.end('the child accepts');
      });
      process.on('disconnect', () => handle.close());
      process.send('ready');
    }
  });
} else await main();
