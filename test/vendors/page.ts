import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import { PROVIDERS } from '../contracts/providers';

/** Where the page is, and what it is made of. */
export const PAGE = resolve(__dirname, '../../docs/providers.md');
export const PROOFS = join(__dirname, 'proofs.json');

/** A provider that has run against a vendor's real server, or with a vendor's own client. */
export interface Proof {
  readonly component: string;
  readonly provider: string;
  /** The server, or the client. */
  readonly server: string;
  readonly grade: 'server' | 'sdk';
  /** As the server itself has said. */
  readonly version: string;
  /** The folder of the tests in local/tests/vendors. */
  readonly lane: string;
}

/** A provider of the library. */
export interface Row {
  readonly component: string;
  readonly provider: string;
}

const COMPONENTS = ['artifact store', 'experiment tracker', 'model trainer', 'model registry', 'model endpoint', 'model monitor', 'orchestrator', 'alerter'];

/** Every provider that the conformance kit judges, once. */
export function rows(): Row[] {
  const all = Object.keys(PROVIDERS).map(name => name.replace(/,.*/, ''));
  return COMPONENTS.flatMap(component => [...new Set(all.filter(name => name.startsWith(`${component} `)))].map(name => ({ component, provider: name.slice(component.length + 1) })));
}

export function readProofs(): Proof[] {
  return JSON.parse(readFileSync(PROOFS, 'utf8'));
}

/** docs/providers.md. */
export function page(proofs: Proof[]): string {
  const lines = rows().map(({ component, provider }) => {
    // What ran against the vendor's own server is the better proof.
    const proof = proofs.filter(one => one.component === component && one.provider === provider).sort((a, b) => a.grade < b.grade ? 1 : -1)[0];
    return `| ${[component, `\`${provider}\``, ...proof ? [proof.grade, `${proof.server} ${proof.version}`, `[${proof.lane}](../local/tests/vendors/${proof.lane})`] : ['contract', '', '']].join(' | ')} |`;
  });
  return `# Providers, and how each is proven

Written by \`npm run test:vendors\`, which starts the servers, runs each provider against its own, and notes the version that the server or the client says.

| grade | what is proven |
|---|---|
| server | the provider's steps, or a client with its binding, against the vendor's real server |
| sdk | the vendor's own client, unmodified, with nothing but the binding, against a server that is not the vendor's: another project's, or one that refuses what the schemas do not allow that the vendor publishes. Of what works by steps: they send what the vendor's own client sends, to a stand-in that is this project's own and knows of the vendor's server what its client and its documentation show |
| contract | its requests, permissions and results, by the [conformance kit](adding-a-provider.md#the-proof); those of AWS run on the [local target](../local/README.md) too |

| component | provider | grade | server or client | tests |
|---|---|---|---|---|
${lines.join('\n')}
`;
}
