/** How names and comments are spelt in generated files. */

/** `ioStateGet`, `IoStateGet` to `IO_STATE_GET`. */
export function constantName(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

export function pascalName(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}

export function hex(value: number, digits = 2): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A doc comment, broken to 110 columns. */
export function docComment(text: string): string[] {
  const line = text.trim().replaceAll('\n', ' ');
  if (line.length <= 103) return [`/** ${line} */`];
  const lines = [''];
  for (const word of line.split(' ')) {
    if (lines.at(-1)!.length + word.length > 105) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return ['/**', ...lines.map((part) => ` *${part}`), ' */'];
}

/** A function's head, on one line where it fits. */
export function functionHead(name: string, parameters: readonly string[], result: string): string[] {
  const typed = parameters.map(
    (parameter) => `${parameter}: ${parameter === 'words' ? 'Int32Array' : 'number'}`,
  );
  const line = `export function ${name}(${typed.join(', ')}): ${result} {`;
  if (line.length <= 110) return [line];
  return [`export function ${name}(`, ...typed.map((parameter) => `  ${parameter},`), `): ${result} {`];
}

/** A YAML text as one line that begins and ends as a sentence does. */
export function sentence(text: string): string {
  const line = pascalName(text.trim().replaceAll('\n', ' '));
  return /[.:]$/.test(line) ? line : `${line}.`;
}
