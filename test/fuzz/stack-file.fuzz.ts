import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { MlopsStack } from '../../lib';
import { around, text } from './arbitraries';
import { app, fuzzStack } from './fuzz';

const folder = mkdtempSync(join(tmpdir(), 'mlops-fuzz-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Fields = { [name: string]: fc.Arbitrary<unknown> };

const wrong = fc.oneof(fc.constantFrom<unknown>(null, 0, -1, 1.5, NaN, Infinity, 1e300, true, '', [], {}, [[]], { a: { b: [] } }), text, fc.jsonValue({ maxDepth: 2 }));
const removal = fc.constantFrom('retain', 'destroy');
const vendor = { url: fc.constantFrom('https://vendor.acme.dev', 'http://localhost:5000', 'http://acme.dev'), username: fc.constantFrom('ml', 'm:l'), secret: fc.constantFrom('vendor', 'acme/vendor', 'my secret'), field: fc.constantFrom('password', 'a:b') };
const instances = { instanceCount: around(1, 2), networkIsolation: fc.boolean() };

/** Every section's providers, with values that most often go together. */
const SECTIONS: { [section: string]: Fields[] } = {
  store: [{ removal }, { bucket: fc.constantFrom('acme-data', 'Acme', 'a..b'), prefix: fc.constantFrom('ml/', 'ml') }],
  tracker: [
    { experiment: text, removal }, { app: fc.constant('arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app-ABC123') },
    { provider: fc.constant('mlflow'), ...vendor, experiment: text }, { provider: fc.constant('none') },
  ],
  trainer: [{
    source: fc.constantFrom('training', 'nowhere'), entry: fc.constantFrom('train.py', 'none.py'), image: fc.constantFrom('scikit-learn', 'scikit-learn:1.2-1', 'scikit-learn:9', 'tensorflow'),
    hyperparameters: fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean()), { maxKeys: 3 }), instanceType: fc.constantFrom('ml.m5.large', 'ml.g5.xlarge', 'ml.m5'), volumeSize: around(1, 16384), spot: fc.boolean(),
    timeoutMinutes: fc.oneof(around(1, 60, 40320), fc.double({ min: 0, max: 5 })), ...instances,
  }],
  registry: [{ description: text, removal }, { group: fc.constantFrom('models', 'my models') }],
  endpoint: [
    { name: fc.constantFrom('fraud', 'Fraud'), instanceType: fc.constantFrom('ml.m5.large', 'ml.x'), capturePercentage: around(0, 100), bakeMinutes: around(0, 60), ...instances },
    { provider: fc.constant('open-inference'), ...vendor, model: fc.constantFrom('fraud', 'a b'), repository: fc.constantFrom('models', 'a/b/', '/a', '*'), implementation: fc.constantFrom('a.B', '1') },
  ],
  monitor: [{ maxErrorPercentage: around(0, 100), maxLatencyMs: around(1, 1000) }, { provider: fc.constant('none') }],
  orchestrator: [{}],
  alerter: [{ email: fc.constantFrom('ml@acme.dev', 'ml') }, { topic: fc.constantFrom('arn:aws:sns:us-east-1:123456789012:alerts', 'alerts') }],
  pipeline: [{
    train: fc.constantFrom('data/', '/data'), test: text, sample: fc.constantFrom('data/a.csv', "it's.csv"), metrics: fc.array(fc.constantFrom('f1', 'roc_auc', 'a b'), { maxLength: 3 }),
    gate: fc.constantFrom<unknown>({ metric: 'f1', minimum: 0.5 }, { metric: 'f1' }, { metric: 'x y', maximum: 1 }, { metric: 'f1', minimum: 1, maximum: 0 }), approval: fc.constantFrom('manual', 'automatic'),
  }],
};

/** One section: few fields at a time, so that most files are good. */
const section = (variants: Fields[]) => fc.oneof(...variants.map(({ provider, ...fields }) => fc.tuple(
  fc.record({ ...provider && { provider }, ...'url' in fields && { url: fields.url } }), fc.subarray(Object.keys(fields), { maxLength: Math.min(3, Object.keys(fields).length) }), fc.record(fields),
).map(([always, some, all]: any) => ({ ...always, ...Object.fromEntries(some.map((name: string) => [name, all[name]])) }))));

const KEYS = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'provider', 'password', 'stroe', 'toString'), text);

/** A file's content: some sections; in every second, one value is harmed or one key is added, at any depth. */
const content = fc.tuple(
  fc.record({ name: fc.constantFrom('mlops', 'Acme-1', '1st'), ...Object.fromEntries(Object.entries(SECTIONS).map(([name, variants]) => [name, section(variants)])) } as Fields, { requiredKeys: [] }),
  fc.subarray(['name', ...Object.keys(SECTIONS)], { maxLength: 3 }), fc.option(fc.tuple(fc.nat(), fc.option(KEYS), wrong), { freq: 1 }),
).map(([file, some, harm]: any) => {
  const chosen = Object.fromEntries(Object.entries(file).filter(([name]) => some.includes(name)));
  return harm === null ? chosen : damage(chosen, harm);
});

function damage(file: any, [where, key, value]: [number, string | null, unknown]): any {
  const places: { holder: any; name: string }[] = [];
  const walk = (holder: any) => Object.keys(holder).forEach(name => {
    places.push({ holder, name });
    if (typeof holder[name] === 'object' && holder[name] !== null) walk(holder[name]);
  });
  const copy = structuredClone(file);
  walk(copy);
  const place = places[where % Math.max(1, places.length)];
  if (key !== null || !place) Object.defineProperty(place?.holder ?? copy, key ?? 'extra', { value, enumerable: true, configurable: true, writable: true });
  else place.holder[place.name] = value;
  return copy;
}

/** As text; now and then with a piece of YAML that does not belong there. */
const file = fc.tuple(content, fc.option(fc.tuple(fc.nat(), fc.constantFrom('\t', '- ', ': ', '&a ', '*a', '!!js ', '{', ']', '"', '\u0000', '\ufeff', '---\n', '? ', '<<: *x\n', '%')), { freq: 7 })).map(([given, piece]) => {
  const yaml = stringify(given);
  return piece === null ? yaml : `${yaml.slice(0, piece[0] % (yaml.length + 1))}${piece[1]}${yaml.slice(piece[0] % (yaml.length + 1))}`;
});

fuzzStack('mlops.yaml', file, yaml => ({
  make: () => {
    const path = join(folder, 'mlops.yaml');
    writeFileSync(path, yaml);
    try {
      return MlopsStack.fromFile(app(join(folder, 'out')), path);
    } catch (error) {
      // The file is named first; what follows is the line.
      const { message } = error as Error;
      if (!message.startsWith(`${path}: `)) throw error;
      throw Object.assign(new Error(message.slice(path.length + 2).replace(/^(the file must|must be nested|must write)/, "'file' $1").replace(/^must be YAML: /, "'file' must be YAML, got ")), { stack: (error as Error).stack });
    }
  },
}));
