import * as fc from 'fast-check';
import { mostly, textOrReference } from './arbitraries';

/** Addresses of services, good and nearly good. */
export const url = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('https://mlflow.acme.dev', 'https://acme.dev:8443/ml/', 'https://10.0.0.1/x', 'http://localhost:5000', 'http://127.0.0.1', 'http://[::1]:80/a') },
  { weight: 2, arbitrary: fc.webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true, withFragments: true }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('https://', 'https://a b', 'https://acme.dev:99999', 'https://user:hunter2@acme.dev', 'https://acme.dev?q=1', 'https://acme.dev#f', 'https://*', 'https://acme.dev/*', 'https://acme.dev/${x}',
      'HTTPS://acme.dev', 'http://acme.dev', 'http://localhost.acme.dev', 'http://127.0.0.1.acme.dev', 'https://acme.dev\n', 'https://[::1', 'javascript:alert(1)', `https://acme.dev/${'x'.repeat(3000)}`, 'https://\u202eacme.dev', 'https://münchen.de'),
  },
  { weight: 1, arbitrary: textOrReference },
);

/** As `url`, mostly good: for what has more than one, or much else besides. */
export const usualUrl = mostly(['https://acme.dev', 'https://acme.dev:8443/ml/', 'http://127.0.0.1:8080'], url);
