/** Addresses and lengths among the arguments of calls. */
import type { Expression } from '../script/ast.ts';
import { expressionText, fieldOf } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import { numberOf } from './constants.ts';
import { addressOf } from './run-options.ts';
import { pattern } from './stream-bytes.ts';

export interface SocketAddress {
  readonly address: number;
  readonly port: number;
}

/** `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}`; undefined: `...`. */
export function socketAddress(expression: Expression): SocketAddress | undefined {
  if (expression.kind === 'ellipsis') return undefined;
  const family = fieldOf(expression, 'sa_family');
  const port = fieldOf(expression, 'sin_port');
  const address = fieldOf(expression, 'sin_addr');
  if (family?.kind === 'word' && family.text === 'AF_INET6') throw new NotJudged(family.place, 'IPv6');
  if (family?.kind !== 'word' || family.text !== 'AF_INET' || port === undefined || address === undefined) {
    throw new NotJudged(expression.place, `the address ${expressionText(expression)}`);
  }
  return { address: inetAddress(address), port: numberOf(port) };
}

/** `inet_addr("10.0.0.1")`, or a number. */
function inetAddress(expression: Expression): number {
  const [named] = expression.kind === 'call' && expression.name === 'inet_addr' ? expression.args : [];
  if (named?.kind !== 'string') return numberOf(expression);
  const address = addressOf(named.text);
  if (address === undefined) throw new NotJudged(named.place, `the address "${named.text}"`);
  return address;
}

/** Bytes to be written: a string's, or those of the stream from an offset on where they are left open. */
export function bytesToWrite(buffer: Expression, length: number, offset: number): Uint8Array {
  if (buffer.kind === 'ellipsis') return pattern(offset, length);
  if (buffer.kind !== 'string') throw new NotJudged(buffer.place, `the buffer ${expressionText(buffer)}`);
  const text = Buffer.from(buffer.text, 'latin1');
  const written = pattern(offset, length);
  written.set(text.subarray(0, length));
  return written;
}

/** The lengths of `[{..., 1000}, {..., 500}]`, or those of strings in their places. */
export function vector(expression: Expression): readonly { buffer: Expression; length: number }[] {
  if (expression.kind !== 'list')
    throw new NotJudged(expression.place, `the vector ${expressionText(expression)}`);
  return expression.items.map((item) => {
    const parts =
      item.kind === 'braces'
        ? item.items
        : [fieldOf(item, 'iov_base'), fieldOf(item, 'iov_len')].filter((part) => part !== undefined);
    if (parts.length !== 2) throw new NotJudged(item.place, `the vector ${expressionText(item)}`);
    return { buffer: parts[0], length: numberOf(parts[1]) };
  });
}

/** @throws NotJudged for a message to be sent with more than its bytes. */
export function refuseControl(message: Expression): void {
  const control = fieldOf(message, 'msg_control');
  if (control !== undefined && !(control.kind === 'list' && control.items.length === 0)) {
    throw new NotJudged(control.place, 'control messages');
  }
  const flags = fieldOf(message, 'msg_flags');
  if (flags !== undefined && flags.kind !== 'ellipsis' && numberOf(flags) !== 0) {
    throw new NotJudged(flags.place, `msg_flags=${expressionText(flags)}`);
  }
}

/** The vector of a message `{msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}`. */
export function messageVector(message: Expression): readonly { buffer: Expression; length: number }[] {
  const iov = fieldOf(message, 'msg_iov');
  if (iov === undefined) throw new NotJudged(message.place, `the message ${expressionText(message)}`);
  return vector(iov);
}
