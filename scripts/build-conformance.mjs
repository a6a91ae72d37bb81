/** Compiles conformance/ into dist/conformance, beside what jsii compiles: only its own files, which import jsii's. */
import { fileURLToPath } from 'node:url';
import { join, sep } from 'node:path';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'conformance') + sep;
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(root, 'tsconfig.jsii.json'), ts.sys.readFile).config, ts.sys, root);
const program = ts.createProgram([join(folder, 'index.ts')], options);

const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
const problems = [...ts.getPreEmitDiagnostics(program), ...own.flatMap(file => program.emit(file).diagnostics)];
if (problems.length > 0) {
  console.error(ts.formatDiagnostics(problems, { getCanonicalFileName: name => name, getCurrentDirectory: () => root, getNewLine: () => '\n' }));
  process.exitCode = 1;
}
