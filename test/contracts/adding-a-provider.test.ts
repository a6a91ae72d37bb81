import { readFileSync } from 'fs';
import { join } from 'path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/adding-a-provider.md'), 'utf8');

/** The files that the page writes, by name. */
const files: { [name: string]: string } = Object.fromEntries([...PAGE.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, source]) => [name, source]));
/** What a user's app has installed, here from its sources. */
const INSTALLED: { [name: string]: string } = { 'cdk-mlops': 'lib/index.ts', 'cdk-mlops/conformance': 'conformance/index.ts' };
const IN_ROOT = (name: string) => join(ROOT, name);

/** Compiles the page's files as if they lay in the repository's root. */
function compile(): { problems: string[]; compiled: { [name: string]: string } } {
  const { options } = ts.convertCompilerOptionsFromJson({
    ...JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions, noEmit: false,
    paths: Object.fromEntries(Object.entries(INSTALLED).map(([name, path]) => [name, [IN_ROOT(path)]])),
  }, ROOT);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  const own = Object.fromEntries(Object.entries(files).map(([name, source]) => [IN_ROOT(name), source]));
  host.fileExists = path => path in own || fileExists(path);
  host.readFile = path => own[path] ?? readFile(path);
  host.getSourceFile = (path, target) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram(Object.keys(own), options, host);
  const compiled: { [name: string]: string } = {};
  const sources = Object.keys(own).map(path => program.getSourceFile(path)!);
  sources.forEach(source => program.emit(source, (path, text) => { compiled[path] = text; }));
  const problems = sources.flatMap(source => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]);
  return { problems: problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')), compiled };
}

/** Runs one compiled file; `test` is what the user's test framework would be. */
function run(compiled: { [name: string]: string }, name: string, test: (name: string, body: () => void) => void): any {
  const exports = {};
  const load = (wanted: string) => {
    if (wanted.startsWith('./')) return run(compiled, wanted.slice(2), test);
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require(INSTALLED[wanted] ? IN_ROOT(INSTALLED[wanted]) : wanted);
  };
  new Function('exports', 'require', 'test', compiled[IN_ROOT(`${name}.js`)])(exports, load, test);
  return exports;
}

test('the provider that the page writes compiles, and keeps its contract', () => {
  const { problems, compiled } = compile();
  const names: string[] = [];
  run(compiled, 'ntfy-alerter.test', (name, body) => {
    names.push(name);
    body();
  });

  expect(problems).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(['binding: no credential', 'notify: result', 'swap: confined']));
}, 120_000);

test('it takes less than 60 lines', () => {
  const lines = Object.values(files).join('').split('\n');

  expect(Object.keys(files)).toEqual(['ntfy-alerter.ts', 'ntfy-alerter.test.ts']);
  expect(lines.length).toBeLessThan(60);
});

test("the page lists the kit's cases and its suites", async () => {
  const kit: { [suite: string]: unknown } = await import('../../conformance');
  const { PROVIDERS } = await import('./providers');
  const cases = new Set(Object.values(PROVIDERS).flat().map(({ name }) => name
    .replace(/^properties: .*/, 'properties: ...').replace(/^(?!binding|grants|properties|swap)on\w+: /, '<event>: ').replace(/^(?!binding|grants|properties|swap)\w+: /, '<verb>: ')));

  expect([...PAGE.matchAll(/^\| `([^`]+: [^`]+)` \|/gm)].map(([, name]) => name).sort()).toEqual([...cases].sort());
  Object.keys(kit).forEach(name => expect(PAGE).toContain(`\`${name}\``));
});
