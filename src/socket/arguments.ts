/**
 * Arguments of the forms that throw. Who writes plain JavaScript may give an address as a text, or a text in
 * place of bytes: as numbers those would be other addresses and other bytes, and nobody would say so.
 */

/** @throws TypeError of one line. @param address as an IPv4 number, signed or not. */
export function checkEndpoint(address: number, port: number): void {
  if (!Number.isInteger(address))
    refuse('address', 'an IPv4 address as a number, such as 0x7f000001', address);
  if (!Number.isInteger(port)) refuse('port', 'a whole number', port);
}

/** @throws TypeError of one line. */
export function checkBytes(bytes: Uint8Array): void {
  if (!ArrayBuffer.isView(bytes) || bytes.BYTES_PER_ELEMENT !== 1) refuse('bytes', 'a Uint8Array', bytes);
}

function refuse(name: string, expected: string, got: unknown): never {
  const words =
    typeof got === 'object' && got !== null ? Object.prototype.toString.call(got) : JSON.stringify(got);
  throw new TypeError(`"${name}" expected ${expected}, got ${words ?? 'nothing'}`);
}
