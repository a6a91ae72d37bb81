import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as catalogue from '../../lib/catalogue';

const folder = join(__dirname, '..', '..', 'check', 'stacks');
const files: { [section: string]: { provider?: string } }[] = readdirSync(folder).map(file => parse(readFileSync(join(folder, file), 'utf8')));

const sections: { [section: string]: object } = {
  store: catalogue.STORES, tracker: catalogue.TRACKERS, trainer: catalogue.TRAINERS, registry: catalogue.REGISTRIES, endpoint: catalogue.ENDPOINTS,
  monitor: catalogue.MONITORS, orchestrator: catalogue.ORCHESTRATORS, alerter: catalogue.ALERTERS,
};

describe.each(Object.entries(sections))('the judges see each provider of %s', (section, providers) => {
  // The first is the default, which a stack file need not name.
  const [standard, ...others] = Object.keys(providers);

  test.each([standard, ...others])('%s', provider => {
    expect(files.map(file => file[section]?.provider ?? standard)).toContain(provider);
  });
});
