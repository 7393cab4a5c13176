// A server that ends with connections open, and the kernel's client, which tells what it hears of that.
import net from 'node:net';

const [role, how, address] = process.argv.slice(2);
const PORT = 47020;

function serve() {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      if (how === 'finished') socket.end('the end', () => process.exit(0));
      else socket.write('the end');
      if (how === 'exit') process.exit(0);
      if (how === 'throw') throw new Error('on purpose');
      if (how === 'signal') process.kill(process.pid, 'SIGTERM');
    });
  });
  server.listen(PORT, () => console.log('listening'));
}

function connect() {
  const socket = net.connect(PORT, address, () => socket.write('now'));
  let heard = '';
  socket.setTimeout(20_000, () => socket.destroy(new Error('nothing more came')));
  socket.on('data', (data) => {
    heard += data;
  });
  socket.on('error', (error) => console.log(heard, error.code ?? error.message));
  socket.on('end', () => console.log(heard, 'and it ended'));
}

if (role === 'server') serve();
else connect();
