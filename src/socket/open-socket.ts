/** A listening or a datagram socket in one step, for the forms that throw. */
import { checkEndpoint } from './arguments.ts';
import { SOCK_DGRAM, type SocketStack } from './contract.ts';
import { checked } from './socket-error.ts';

/** @param port 0 for one of the stack's choice. @throws SocketError; the socket is closed then. */
export function openListener(stack: SocketStack, address: number, port: number, backlog: number): number {
  checkEndpoint(address, port);
  const socket = checked('socket', stack.socket());
  try {
    checked('bind', stack.bind(socket, address, port));
    checked('listen', stack.listen(socket, backlog));
  } catch (error) {
    stack.close(socket);
    throw error;
  }
  return socket;
}

/** @param port 0 for one of the stack's choice. @throws SocketError; the socket is closed then. */
export function openDatagrams(stack: SocketStack, address: number, port: number): number {
  checkEndpoint(address, port);
  const socket = checked('socket', stack.socket(SOCK_DGRAM));
  try {
    checked('bind', stack.bind(socket, address, port));
  } catch (error) {
    stack.close(socket);
    throw error;
  }
  return socket;
}
