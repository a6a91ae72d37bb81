import { dirname, join } from 'path';
import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../../lib';
import { checkStackFile, parseStackFile } from '../../lib/stack-file';
import { refusal, stackFile } from '../support/stack-file';

/** What a file says, checked. */
const read = (content: string | Buffer) => checkStackFile(parseStackFile(stackFile(content)));

const SECTIONS = 'name, rotation, privateLink, store, tracker, trainer, registry, endpoint, monitor, orchestrator, alerter, pipeline';
const ALIAS = 'must write each value out, got an alias (*)';
const DEEP = 'must be nested at most 50 levels deep, got more';
const laughs = (levels: number) => ['a0: &a0 ha', ...Array.from({ length: levels }, (_, level) => `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`)}]`)].join('\n');

describe('each is refused with one line', () => {
  test.each<[string, string, string]>([
    // Aliases
    ['an alias', 'store: &s { prefix: a/ }\nregistry: *s', ALIAS],
    ['a billion laughs', laughs(9), ALIAS],
    ['an alias of itself', 'store: &s { inner: *s }', ALIAS],
    ['a merge of an alias', 'store: &s {}\nregistry: { <<: *s }', ALIAS],
    ['an alias of nothing', 'store: *s', ALIAS],
    ['a merge without an alias', '<<: { name: other }', `'<<' is not a section (allowed: ${SECTIONS}): did you mean 'name'?`],
    // Size and depth
    ['a huge file', `name: mlops\n#${'x'.repeat(100_000)}`, 'must be at most 100000 bytes, got 100013'],
    ['brackets', '['.repeat(20_000), DEEP],
    ['braces', `${'{a: '.repeat(51)}${'}'.repeat(51)}`, DEEP],
    ['brackets beside closed ones in quotes', '["]", '.repeat(60), DEEP],
    ['closing brackets before', `a: 1\n${']'.repeat(60)}${'['.repeat(60)}`, DEEP],
    ['lists', `${'- '.repeat(5000)}a`, DEEP],
    ['complex keys', `${'? '.repeat(5000)}a`, DEEP],
    ['indentation', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), DEEP],
    ['indentation after carriage returns', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\r'), DEEP],
    // Characters
    ['a byte order mark in the middle', 'name: a\ufeffb', "'name' must be a letter and then at most 62 letters, digits or -, got 'a\\u{feff}b'"],
    ['what turns the line around', 'name: "a\u202eb"', "'name' must be a letter and then at most 62 letters, digits or -, got 'a\\u{202e}b'"],
    ['a NUL', 'name: "a\\0"', "'name' must be a letter and then at most 62 letters, digits or -, got 'a\\u{0}'"],
    ['half of a pair', 'name: "\\ud800"', "'name' must be a letter and then at most 62 letters, digits or -, got '\\u{d800}'"],
    ['a line break', 'name: "a\\nb"', "'name' must be a letter and then at most 62 letters, digits or -, got 'a\\u{a}b'"],
    ['a key of several lines', '"a\\nb": 1', `'a\\u{a}b' is not a section (allowed: ${SECTIONS}): did you mean 'name'?`],
    ['a long value', `name: ${'x'.repeat(5000)}`, `'name' must be a letter and then at most 62 letters, digits or -, got '${'x'.repeat(200)}...'`],
    ['a long key', `${'x'.repeat(900)}: 1`, `'${'x'.repeat(200)}...' is not a section (allowed: ${SECTIONS}): did you mean 'name'?`],
    ['a tab', 'store:\n\tremoval: retain', 'must be YAML: Tabs are not allowed as indentation at line 2, column 1'],
    // What JavaScript makes objects of
    ['__proto__', '__proto__: { polluted: true }', "'__proto__' must have another name, got '__proto__'"],
    ['__proto__ in a section', 'store: { __proto__: { removal: retain } }', "'store.__proto__' must have another name, got '__proto__'"],
    ['__proto__ in a record', 'trainer: { hyperparameters: { __proto__: 1 } }', "'trainer.hyperparameters.__proto__' must have another name, got '__proto__'"],
    ['__proto__ in a list', 'pipeline: { metrics: [{ __proto__: 1 }] }', "'pipeline.metrics.0.__proto__' must have another name, got '__proto__'"],
    ['__proto__ in a gate', 'pipeline: { gate: { metric: f1, minimum: 1, __proto__: { maximum: 1 } } }', "'pipeline.gate.__proto__' must have another name, got '__proto__'"],
    ['constructor', 'constructor: { prototype: { polluted: true } }', `'constructor' is not a section (allowed: ${SECTIONS}): did you mean 'monitor'?`],
    ['prototype', 'prototype: { polluted: true }', `'prototype' is not a section (allowed: ${SECTIONS}): did you mean 'rotation'?`],
    ['toString', 'toString: 1', `'toString' is not a section (allowed: ${SECTIONS}): did you mean 'rotation'?`],
    ['constructor in a section', 'store: { constructor: { prototype: { polluted: true } } }', "'store.constructor' is not a field of provider 's3' (allowed: bucket, prefix, removal): did you mean 'bucket'?"],
    ['a provider that every object has', 'monitor: { provider: constructor }', "'monitor.provider' must be one of cloudwatch, otlp, evidently, phoenix, fiddler, fiddler-partner-app, whylabs, none, got 'constructor': did you mean 'cloudwatch'?"],
    ['a provider by __proto__', 'monitor: { provider: __proto__ }', "'monitor.provider' must be one of cloudwatch, otlp, evidently, phoenix, fiddler, fiddler-partner-app, whylabs, none, got '__proto__': did you mean 'otlp'?"],
    // Tags
    ['a function', 'name: !!js/function "function () {}"', 'must be YAML: Unresolved tag: tag:yaml.org,2002:js/function at line 1, column 7'],
    ['bytes', 'name: !!binary aGk=', 'must be YAML: Unresolved tag: tag:yaml.org,2002:binary at line 1, column 7'],
    ['a tag of nobody', 'name: !acme x', 'must be YAML: Unresolved tag: !acme at line 1, column 7'],
    ['a set', 'store: !!set { removal }', 'must be YAML: Unresolved tag: tag:yaml.org,2002:set at line 1, column 8'],
    ['a set of YAML 1.1', '%YAML 1.1\n---\nstore: !!set { removal }', "'store' must be a mapping of fields, got a Set"],
    ['bytes of YAML 1.1', '%YAML 1.1\n---\nname: !!binary aGk=', "'name' must be a string, got a Buffer"],
    ['a date of YAML 1.1', '%YAML 1.1\n---\nname: 2020-01-01', "'name' must be a string, got a Date"],
    ['an unknown version', '%YAML 9.9\n---\nname: a', 'must be YAML: Unsupported YAML version 9.9 at line 1, column 7'],
    // Keys and documents
    ['a key twice', 'store: {}\nstore: {}', 'must be YAML: Map keys must be unique at line 2, column 1'],
    ['two documents', 'name: a\n---\nname: b', 'must be YAML: Source contains multiple documents; please use YAML.parseAllDocuments() at line 2, column 1'],
    ['a number as a key', '1: a', `'1' is not a section (allowed: ${SECTIONS}): did you mean 'name'?`],
    ['nothing as a key', '~: a', `'' is not a section (allowed: ${SECTIONS}): did you mean 'name'?`],
    ['a list as a key', '? [store]\n: a', `'[ store ]' is not a section (allowed: ${SECTIONS}): did you mean 'store'?`],
    ['a list', '[]', 'the file must be a mapping of fields, got []'],
    ['a word', 'mlops', "the file must be a mapping of fields, got 'mlops'"],
    // Numbers
    ['infinity', 'trainer: { instanceCount: .inf }', "'trainer.instanceCount' must be a number, got Infinity"],
    ['not a number', 'pipeline: { gate: { metric: f1, minimum: .nan } }', "'pipeline.gate.minimum' must be a number, got NaN"],
    ['a number that is too large', 'trainer: { instanceCount: 99999999999999999999 }', "'trainer.instanceCount' must be a whole number from 1 to 256, got 100000000000000000000"],
    ['a hexadecimal number', 'trainer: { instanceCount: 0x1000 }', "'trainer.instanceCount' must be a whole number from 1 to 256, got 4096"],
    ['a number with an exponent', 'trainer: { instanceCount: 1e3 }', "'trainer.instanceCount' must be a whole number from 1 to 256, got 1000"],
    ['a time that no run may take', 'trainer: { timeoutMinutes: 1e300 }', "'trainer.timeoutMinutes' must be at most 40320, got 1e+300"],
  ])('%s', (_what, yaml, line) => {
    expect(refusal(yaml)).toBe(line);
    expect(({} as any).polluted).toBeUndefined();
  });

  test('bytes that are not UTF-8', () => {
    expect(refusal(Buffer.from([0x6e, 0xff, 0xfe]))).toBe('must be text in UTF-8, got other bytes');
    expect(refusal(Buffer.from('\ufeffname: a', 'utf16le'))).toBe('must be text in UTF-8, got other bytes');
  });

  test.each(['', 'nothing'])('what is no file: a folder with %j', name => {
    const at = join(dirname(stackFile('')), name);

    expect(() => MlopsStack.fromFile(new App(), at)).toThrow(new Error(`'config' must be a stack file that exists, got '${at}'`));
  });

  test('a device that never ends', () => {
    expect(() => parseStackFile('/dev/zero')).toThrow(new Error("'config' must be a stack file that exists, got '/dev/zero'"));
  });
});

describe('each is read as it is meant', () => {
  test.each<[string, string, object]>([
    ['a byte order mark at the start', '\ufeffname: acme', { name: 'acme' }],
    ['an anchor that nobody uses', 'name: &name acme', { name: 'acme' }],
    ['carriage returns', 'name: acme\r\nstore: {}\r\n', { name: 'acme' }],
    ['a document start and end', '---\nname: acme\n...', { name: 'acme' }],
    ['JSON', '{"name": "acme", "store": {}}', { name: 'acme' }],
    ['a tag of YAML itself', 'name: !!str acme', { name: 'acme' }],
    ['nothing', '~', { name: 'mlops' }],
    ['an empty section', 'store:', { name: 'mlops' }],
  ])('%s', (_what, yaml, expected) => {
    expect(read(yaml)).toMatchObject(expected);
  });

  test('numbers, in each of their forms', () => {
    expect(read('trainer: { instanceCount: 0x10, volumeSize: 1e2, timeoutMinutes: 0o17 }').trainer.settings).toMatchObject({ instanceCount: 16, volumeSize: 100, timeoutMinutes: 15 });
  });

  test('names that JavaScript knows are hyperparameters like any other', () => {
    expect(Object.entries(read('trainer: { hyperparameters: { constructor: 1, prototype: a, toString: b } }').trainer.settings.hyperparameters))
      .toEqual([['constructor', '1'], ['prototype', 'a'], ['toString', 'b']]);
  });

  test('many brackets that are not nested', () => {
    expect(read(`pipeline: { metrics: [${Array.from({ length: 40 }, (_, index) => `m${index}`)}] }\ntrainer: { hyperparameters: { grid: "${'['.repeat(500)}" } }`).pipeline.metrics).toHaveLength(40);
  });
});

describe('up to the limit it is read', () => {
  const nested = (open: string, close: string, levels: number) => `${open.repeat(levels)}${close.repeat(levels)}`;

  test('in size', () => {
    expect(read(`name: mlops\n#${'x'.repeat(100_000 - 13)}`).name).toBe('mlops');
    expect(refusal(`name: mlops\n#${'x'.repeat(100_001 - 13)}`)).toBe('must be at most 100000 bytes, got 100001');
  });

  test('in depth', () => {
    const list = (levels: number) => refusal(`pipeline: { metrics: ${nested('[', ']', levels)} }`);
    const braces = (levels: number) => refusal(`store: ${nested('{a: ', '}', levels)}`);

    expect([list(49), list(50)]).toEqual(["'pipeline.metrics.0' must be a string, got " + `[${nested('[', ']', 47)}]`, DEEP]);
    expect(braces(50)).toBe("'store.a' is not a field of provider 's3' (allowed: bucket, prefix, removal): did you mean 'bucket'?");
    expect(braces(51)).toBe(DEEP);
  });

  test.each([['[]', 60], ['{}', 60]])('with %s one after another', (pair, count) => {
    expect(refusal(`pipeline: { metrics: [${Array(count).fill(pair)}] }`)).toBe(`'pipeline.metrics.0' must be a string, got ${pair}`);
  });

  test('in indentation', () => {
    expect(read(`store:\n${' '.repeat(200)}removal: retain`).store.settings).toEqual({ removal: 'retain' });
    expect(refusal(`store:\n${' '.repeat(201)}removal: retain`)).toBe(DEEP);
    expect(read(`name: mlops\n#${' '.repeat(300)}`).name).toBe('mlops');
  });
});

describe('what would be a credential', () => {
  const line = (field: string) => `'trainer.hyperparameters.${field}' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)`;

  test.each(['password', 'Passwd', 'PWD', 'token', 'apikey', 'api_key', 'secretKey', 'secret_key', 'accesskey', 'ACCESS_KEY', 'credential', 'credentials'])('%s is refused', field => {
    expect(refusal(`trainer: { hyperparameters: { ${field}: x } }`)).toBe(line(field));
    expect(refusal(`trainer: { hyperparameters: { ${field}: 1 } }`)).toBe(line(field));
  });

  test.each(['tokens', 'max_token', 'token_count', 'passwords', 'keys', 'secret'])('%s is none', field => {
    expect(read(`trainer: { hyperparameters: { ${field}: 1 } }`).trainer.settings.hyperparameters).toEqual({ [field]: '1' });
  });

  test('fields inside are looked at one by one', () => {
    expect(refusal('store: { token: { token: x } }')).toBe("'store.token.token' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)");
    expect(refusal('store: { token: { a: x } }')).toBe("'store.token' is not a field of provider 's3' (allowed: bucket, prefix, removal): did you mean 'bucket'?");
  });

  test.each(['http://ml:pw@acme.dev', 'https://ml:@acme.dev', 'https://:pw@acme.dev/x'])('%s is refused', url => {
    expect(refusal(`trainer: { hyperparameters: { a: "${url}" } }`))
      .toBe("'trainer.hyperparameters.a' must be a URL without a credential, got one with a user and password: name them with 'username' and 'secret'");
  });

  test.each(['see https://ml:pw@acme.dev', 'https://acme.dev/a:b@c', 'ftp:a@b'])('%s is none', value => {
    expect(read(`trainer: { hyperparameters: { a: "${value}" } }`).trainer.settings.hyperparameters).toEqual({ a: value });
  });
});

describe('a pipeline', () => {
  const gate = { metric: 'f1' };

  test.each([{ ...gate, minimum: 0 }, { ...gate, maximum: 0 }, { ...gate, minimum: 0, maximum: 1 }])('with the gate %j', value => {
    expect(checkStackFile({ pipeline: { gate: value } }).pipeline.gate).toEqual(value);
  });

  test.each(['a', 'data/in:1.csv', 'é/x', 'x'.repeat(1024)])('with the path %.20s', path => {
    expect(checkStackFile({ pipeline: { train: path } }).pipeline.train).toBe(path);
  });

  test.each(['/a', ' a', 'a b', 'a\u200b', '\u200ba', 'x'.repeat(1025), ''])('not with the path %.20j', path => {
    expect(() => checkStackFile({ pipeline: { train: path } })).toThrow(/^'pipeline\.train' must be a path in the artifact store, without a '\/' at the start, got '[^\n]*'$/);
  });

  test('not with a provider that is a list', () => {
    expect(() => checkStackFile({ alerter: { provider: ['sns'] } })).toThrow(/^'alerter\.provider' must be one of sns.*, got \["sns"\]: did you mean 'sns'\?$/);
  });
});
