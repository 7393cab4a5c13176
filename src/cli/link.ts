/**
 * Makes `npx inic` work inside this repository: npm links the commands of what a package depends on, not its own. Run by
 * `prepare`, once everything is built.
 */
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url));
const main = fileURLToPath(new URL('./main.js', import.meta.url));

chmodSync(main, 0o755);
// Where npm keeps the modules elsewhere, the package is somebody's dependency and npm links it.
if (existsSync(bin)) {
  rmSync(`${bin}inic`, { force: true });
  symlinkSync('../../dist/src/cli/main.js', `${bin}inic`);
}
