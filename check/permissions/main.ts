/** `npm run permissions`: writes docs/permissions.md. Exit code 1, and one line each, on what no role may hold. */
import { writeFileSync } from 'node:fs';
import { PAGE, permissions } from './permissions';

const { page, refused } = permissions();
if (refused.length) {
  console.error(refused.join('\n'));
  process.exitCode = 1;
} else {
  writeFileSync(PAGE, page);
  console.log(`written: ${PAGE}`);
}
