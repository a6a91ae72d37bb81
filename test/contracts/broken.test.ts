import { readdirSync } from 'fs';
import { join } from 'path';
import { alerter, ConformanceCase, modelMonitor, modelTrainer } from '../../conformance';
import { failures } from './failures';
import { PROVIDERS } from './providers';
import { SoundAlerter, SoundMonitor, SoundTrainer } from './sound';

/** A provider that breaks one rule, and the line that says so. */
interface Broken {
  readonly cases: ConformanceCase[];
  readonly fails: { [name: string]: string | RegExp };
}

const FOLDER = join(__dirname, 'broken');
// eslint-disable-next-line @typescript-eslint/no-require-imports
const broken: [string, Broken][] = readdirSync(FOLDER).map(file => [file.slice(0, -3), require(join(FOLDER, file))]);

test.each([
  ['alerter', alerter(scope => new SoundAlerter(scope, 'Alerter'))],
  ['monitor', modelMonitor(scope => new SoundMonitor(scope, 'Monitor'))],
  ['trainer', modelTrainer(scope => new SoundTrainer(scope, 'Trainer'))],
])('the %s that is broken below keeps its contract otherwise', (_name, cases) => expect(failures(cases)).toEqual({}));

test.each(broken)('a provider with a broken %s fails at that rule and at no other', (_name, { cases, fails }) => {
  expect(failures(cases)).toEqual(Object.fromEntries(Object.entries(fails).map(([name, line]) => [name, typeof line === 'string' ? line : expect.stringMatching(line)])));
});

test('every rule is broken by one provider at least', () => {
  // Of a verb or an event only the rule counts: `notify: result` is `result`.
  const rule = (name: string) => name.replace(/^(?!binding|grants|properties|swap)\w+: /, '');
  const rules = Object.values(PROVIDERS).flatMap(cases => cases.map(({ name }) => rule(name)));

  expect([...new Set(broken.flatMap(([, { fails }]) => Object.keys(fails).map(rule)))].sort()).toEqual([...new Set(rules)].sort());
});
