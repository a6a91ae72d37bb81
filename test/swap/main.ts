/** `npm run swaps`: writes docs/swaps.md. Exit code 1 when a swap strays. */
import { writeFileSync } from 'fs';
import { outcome, swaps } from './matrix';
import { PAGE, page } from './page';

const matrix = swaps().map(swap => ({ ...swap, ...outcome(swap) }));
writeFileSync(PAGE, page(matrix));
console.log('written: docs/swaps.md');
if (matrix.some(({ strays }) => strays.length)) process.exitCode = 1;
