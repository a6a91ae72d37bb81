/** `main.ts <proofs of a run> <lane>...`: puts what the lanes have proven in the place of what they had, and writes the page. */
import { readFileSync, writeFileSync } from 'fs';
import { PAGE, page, Proof, PROOFS, readProofs } from './page';

const [file, ...lanes] = process.argv.slice(2);
const proven: Proof[] = JSON.parse(readFileSync(file, 'utf8'));
const name = ({ component, provider, server }: Proof) => [component, provider, server].join();
const proofs = [...readProofs().filter(({ lane }) => !lanes.includes(lane)), ...proven].sort((a, b) => name(a) < name(b) ? -1 : 1);
writeFileSync(PROOFS, `${JSON.stringify(proofs, undefined, 2)}\n`);
writeFileSync(PAGE, page(proofs));
console.log('written: docs/providers.md');
