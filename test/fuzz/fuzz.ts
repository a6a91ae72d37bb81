import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack, StackProps, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { Template } from '../../check/template';
import { Batch } from './batch';
import { judgeAll, judgeOne } from './judges';
import { prepare } from './recipe';

const seed = Number(process.env.FUZZ_SEED ?? 1);
const numRuns = Number(process.env.FUZZ_RUNS ?? 200);
const folder = mkdtempSync(join(tmpdir(), 'mlops-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An app whose templates name the constructs, as those of the CDK's command do: what is acknowledged is found by them. */
export function app(outdir: string): App {
  return new App({ outdir, analyticsReporting: false, context: { 'aws:cdk:enable-path-metadata': true } });
}

/** Where stacks go: most anywhere, some into a region that is known. */
const environment: fc.Arbitrary<StackProps> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constantFrom('us-east-1', 'eu-central-1').map(region => ({ env: { account: '123456789012', region } })) },
);

/**
 * A construct against many properties, good and bad: each run ends in one clear line, or in a template that aws-cdk-lib's
 * validator accepts; all the templates together are then put to cfn-lint and our own rules.
 */
export function fuzz(subject: string, props: fc.Arbitrary<unknown>, make: (stack: Stack, props: any) => void): void {
  fuzzStack(subject, fc.tuple(environment, props), ([env, raw]) => {
    const stack = new Stack(app(join(folder, 'out')), 'Fuzz', { ...env, analyticsReporting: false });
    const prepared = prepare(raw, stack);
    return { stack, make: () => make(stack, prepared) };
  });
}

/** As `fuzz`, for what makes its own stack. */
export function fuzzStack<T>(subject: string, input: fc.Arbitrary<T>, start: (input: T) => { stack: Stack; make: () => void } | { make: () => Stack }): void {
  describe(subject, () => {
    const batch = new Batch();
    let accepted = 0;

    test('one clear line, or a template that is valid', () => {
      fc.assert(fc.property(input, raw => {
        let stack: Stack;
        let template: Template;
        try {
          const run = start(raw);
          const made = run.make();
          stack = 'stack' in run ? run.stack : made as Stack;
          [template] = Template.ofAssembly(subject, (stack.node.root as App).synth().directory);
        } catch (error) {
          checkLine(error as Error);
          return;
        }
        const findings = judgeOne(template, Token.isUnresolved(stack.region) ? undefined : stack.region);
        if (findings.length) throw new Error(`the template is not valid:\n${findings.join('\n')}`);
        accepted++;
        batch.add(template, fc.stringify(raw));
      }), { seed, numRuns });
      // All refused would be no trial.
      expect(accepted).toBeGreaterThan(numRuns / 20);
    });

    test('the templates pass cfn-lint and our rules', async () => {
      const templates = batch.templates(join(folder, subject.replace(/\W/g, '')));
      expect(templates).not.toEqual([]);
      const findings = (await judgeAll(templates)).map(({ resource, line }) => `${line}\n  from ${batch.origin(resource)}`);
      if (findings.length) throw new Error(`seed ${seed}, ${findings.length} findings:\n${findings.slice(0, 20).join('\n')}`);
    });
  });
}

/** A message names its field in quotes, says what is allowed and what it got, in one line; the library's own, no engine's. */
export function checkLine(error: Error): void {
  const { name, message } = error;
  const faults = [
    [!/^'.*' .+/.test(message), 'it names no field in quotes at its start'],
    [!/\bgot\b|\bis missing\b|\bis not a (field|section)\b|must not stand in the file|of a secret in AWS Secrets Manager/.test(message), 'it does not say what it got'],
    [/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(message), 'it is more than one line, or holds what turns lines around'],
    [message.length > 1000, 'it is long'],
    [name !== 'Error', `it is a ${name}`],
    [/\[object |=>|undefined is|Token\[|"code":|hunter2|Cannot read/.test(message), 'it shows what means nothing to its reader'],
  ].filter(([fails]) => fails).map(([, what]) => what);
  if (faults.length) throw new Error(`no clear line (${faults.join('; ')}): ${message.slice(0, 2000)}\n${error.stack?.split('\n').filter(line => /^ +at .*\/(constructs|lib)\//.test(line)).slice(0, 5).join('\n')}`);
}
