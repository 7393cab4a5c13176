// A connection is passed to a process that has ended before it takes it: the program ends all the same.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';

if (process.argv[2] === 'child') {
  process.once('message', () => {
    // What comes meanwhile is never taken.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    process.exit(3);
  });
  process.send('ready');
} else {
  const accepted = [];
  const server = net.createServer((socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It needs no card, and starts without one.
  const child = fork(process.argv[1], ['child'], { execArgv: [], silent: true });
  const exited = once(child, 'exit');
  await once(child, 'message');
  const pass = () =>
    new Promise((resolve) => {
      const socket = net.connect(server.address().port, '127.0.0.1', () =>
        child.send({}, socket, (error) => resolve(error?.code)),
      );
    });
  console.log(await pass());
  console.log(await pass());
  console.log(await exited);
  for (const socket of accepted) socket.destroy();
  server.close(() => console.log('closed'));
}
