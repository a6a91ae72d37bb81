import { resolve } from 'path';
import { readProofs } from '../vendors/page';
import { Outcome, SECTIONS, Swap } from './matrix';
import { lineOf, PAIRS } from './pairs';

/** Where the page is. */
export const PAGE = resolve(__dirname, '../../docs/swaps.md');

/** docs/swaps.md. */
export function page(matrix: (Swap & Outcome)[]): string {
  const proofs = readProofs();
  const lines = matrix.map(({ section, provider, stack, refused, strays }) => {
    const component = SECTIONS[section].published.replace('-', ' ');
    const judged = `[${stack}](../check/stacks/${stack}.yaml)`;
    const confined = strays.length ? `strays: ${strays.join('; ')}` : 'confined';
    const { server, lane } = proofs.find(proof => proof.component === component && proof.provider === provider) ?? {};
    return `| ${[component, `\`${provider}\``, refused === undefined ? confined : `refused: ${refused.replace(/\|/g, '\\|')}`, refused === undefined ? judged : `${judged}, ${confined}`, lane ? `[${server}](../local/tests/vendors/${lane})` : ''].join(' | ')} |`;
  });
  return `# Swaps

Written by \`npm run swaps\`. Each provider of the catalogue takes the place of the default one in the full stack, all else on AWS.

- *confined*: the template differs in nothing but the resources under the component's own path, its SSM parameter and output, what the component and its steps are allowed, and the states of its own steps.
- *refused*: the two cannot stand together; the line is what synthesis says. The stack beside it is one in which the provider stands.

The judges (\`npm run check\`) see each provider in the stack that is named. Where a vendor's server is named, its steps run against it, and where the server is the vendor's own, so does the whole loop.

| component | provider | beside the others on AWS | judged in | runs against |
|---|---|---|---|---|
${lines.join('\n')}

In an app of one's own these are refused too, by the compiler where types tell, and otherwise in one line at synthesis:

| provider | beside | refused |
|---|---|---|
${PAIRS.map(pair => `| ${pair.one} | ${pair.other} | ${lineOf(pair)} |`).join('\n')}
`;
}
