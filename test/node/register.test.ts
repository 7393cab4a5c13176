/** The entry `node --import` uses: what it says when it cannot do what it is asked. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { environmentOptions } from '../../src/node/environment.ts';

const REGISTER = new URL('../../dist/src/node/register.js', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function start(environment: Record<string, string>, code: string) {
  return spawnSync(process.execPath, ['--import', REGISTER, '-e', code], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
  });
}

describe('node --import inic/register', () => {
  it.each([
    ['INIC_OFFLOAD', 'prot 80', 'offload rule "prot 80"'],
    ['INIC_SOCKETS', '1048577', '"INIC_SOCKETS" expected 1 to 1048576, got "1048577"'],
    ['INIC_SOCKETS', 'many', '"INIC_SOCKETS" expected 1 to 1048576, got "many"'],
    ['INIC_IOP', 'fast', '"INIC_IOP" expected thread, inline or auto, got "fast"'],
    ['INIC_SPIN_US', 'soon', '"INIC_SPIN_US" expected microseconds, got "soon"'],
  ])('refuses %s=%s in one line', (name, value, message) => {
    const result = start({ [name]: value }, 'console.log("ran")');
    expect(result.status).toBe(1);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain(message);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('lets a program without sockets run and end, and warns of nothing', () => {
    const result = start({}, 'console.log("ran")');
    expect(result).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
  });

  it.each(['--no-deprecation', '--pending-deprecation'])(
    'works under %s, with no word of its own',
    (flag) => {
      const code = `const server = require('node:net').createServer((peer) => peer.end()).listen(0, () => {
      require('node:net').connect(server.address().port).resume().on('close', () => server.close());
    });
    server.on('close', () => console.log('ran'));`;
      expect(start({ NODE_OPTIONS: flag }, code)).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
    },
  );

  it('works where Node gives out only the bindings that Node 24 does', () => {
    const code = `const given = ['tcp', 'stream', 'pipe', 'process', 'tls'].map((name) => name + '_wrap');
      const { binding } = process;
      process.binding = (name) => {
        if (name !== 'js_stream' && !given.includes(name)) throw new Error('No such module: ' + name);
        return binding(name);
      };
      import('${REGISTER}').then(() => {
        const server = require('node:http').createServer((request, response) => response.end('ran'));
        const get = (port, then) => require('node:http').get({ port, agent: false }, then);
        server.listen(0, () => get(server.address().port, (answer) => {
          answer.on('data', (data) => console.log(String(data))).on('end', () => server.close());
        }));
      });`;
    const result = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', timeout: 20_000 });
    expect(result).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
  });

  it('finds the constructor of signal handles with and without its binding', () => {
    const code = `const { binding } = process;
      process.binding = (name) => {
        if (name === 'signal_wrap' && hidden) throw new Error('No such module: ' + name);
        return binding(name);
      };
      let hidden = false;
      import('${new URL('bindings.js', REGISTER).href}').then(({ nativeBindings }) => {
        const native = nativeBindings();
        const shown = native.Signal;
        hidden = true;
        console.log(native.Signal.name, process.listenerCount('SIGURG'), shown === native.Signal);
      });`;
    const result = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', timeout: 20_000 });
    expect(result).toMatchObject({ status: 0, stdout: 'Signal 0 true\n', stderr: '' });
  });

  it('hides no deprecation warning of the program’s own', () => {
    const code = 'process.binding("tcp_wrap"); console.log("ran")';
    const result = start({ NODE_OPTIONS: '--pending-deprecation' }, code);
    expect(result.stderr.match(/DEP0111/g)).toHaveLength(1);
    expect(result.stdout).toBe('ran\n');
  });
});

describe('the environment', () => {
  it('gives the options of install', () => {
    const environment = {
      INIC_OFFLOAD: 'port 1',
      INIC_SPIN_US: '5',
      INIC_TURN_US: '50',
      INIC_LINGER_US: '0',
    };
    expect(environmentOptions(environment)).toEqual({
      offload: 'port 1',
      spinUs: 5,
      turnUs: 50,
      lingerUs: 0,
    });
    expect(environmentOptions({})).toEqual({});
  });
});
