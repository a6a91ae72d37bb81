import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import * as catalogue from '../../lib/catalogue';
import { PAGE, page, readProofs, rows } from './page';

const SECTIONS: { [component: string]: object } = {
  'artifact store': catalogue.STORES, 'experiment tracker': catalogue.TRACKERS, 'model trainer': catalogue.TRAINERS, 'model registry': catalogue.REGISTRIES,
  'model endpoint': catalogue.ENDPOINTS, 'model monitor': catalogue.MONITORS, 'orchestrator': catalogue.ORCHESTRATORS, 'alerter': catalogue.ALERTERS,
};

test('the page is what the proofs say', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(page(readProofs()));
});

test.each(Object.entries(SECTIONS))('each %s of the catalogue has a row', (component, providers) => {
  const known = rows().filter(row => row.component === component).map(({ provider }) => provider);

  expect(known).toEqual(expect.arrayContaining(Object.keys(providers).filter(name => name !== 'none')));
});

test.each(readProofs())('what proves $component $provider is there', ({ component, provider, lane }) => {
  expect(rows()).toContainEqual({ component, provider });
  expect(existsSync(join(__dirname, '../../local/tests/vendors', lane, `test_${lane.replaceAll('-', '_')}.py`))).toBe(true);
});
