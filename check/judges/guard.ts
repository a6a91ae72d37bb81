import { readdirSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { finished } from '../finished';
import { Template } from '../template';
import { inFiles, placeOf } from './files';
import { Finding, Judge } from './judge';
import { run } from './program';

const cfnguard = dirname(require.resolve('@cdklabs/cdk-validator-cfnguard/package.json'));
const systems: { [platform: string]: string } = { linux: 'ubuntu', darwin: 'macos' };
const machines: { [arch: string]: string } = { x64: 'x86_64', arm64: 'aarch64' };
const program = join(cfnguard, 'bin', systems[platform()] ?? platform(), machines[arch()] ?? arch(), 'cfn-guard');

/** Where a check of a rule failed, and what the rule says about it. */
interface Place {
  readonly path: string;
  readonly message: string;
}

/** The places in a part of guard's answer; a part without a message has the message of what it is a part of. */
function places(part: any, inherited = ''): Place[] {
  if (typeof part !== 'object' || part === null) return [];
  const message = part.messages?.custom_message || inherited;
  if (part.path?.startsWith?.('/')) return [{ path: part.path, message }];
  // What the value was compared with (`to`) is not where it stands.
  return Object.entries(part).filter(([name]) => name !== 'to').flatMap(([, inner]) => places(inner, message));
}

/** A rule, and the places in it where it is broken. */
interface Broken {
  readonly name: string;
}

/** What guard answers of one file. */
interface Answer {
  readonly name: string;
  readonly compliant: string[];
  readonly not_applicable: string[];
  readonly not_compliant: { readonly Rule: Broken }[];
}

/** cfn-guard with a set of rules, over one form of each template. */
class Guard implements Judge {
  constructor(
    public readonly name: string, public readonly quick: boolean,
    private readonly rules: (templates: Template[]) => string[], private readonly form: (template: Template) => unknown,
  ) {}

  public async judge(templates: Template[]): Promise<Finding[]> {
    const rules = this.rules(templates);
    const texts = templates.map(template => JSON.stringify(this.form(template), readable));
    const answer: Answer[] = JSON.parse(await inFiles(texts, data => run(program, [
      'validate', '--output-format', 'json', '--show-summary', 'none', '--structured', ...rules.flatMap(file => ['--rules', file]), ...data.flatMap(file => ['--data', file]),
    ], FAILED)));
    checkRead(rules, answer);
    return answer.flatMap(({ name, not_compliant }) => not_compliant.flatMap(({ Rule }) => findings(templates[placeOf(name)], Rule)));
  }
}

/** guard reads JSON as YAML, which holds neither some characters nor names of more than 1024: no rule asks for either. */
const printable = (text: string) => text.replace(/[\x7f-\x9f\ufffe\uffff\p{Cs}]/gu, '\ufffd');

function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [printable(name).slice(0, 1000), inner]));
}

/** guard's exit code when a template breaks a rule. */
const FAILED = 19;

/** guard passes over a file that it cannot parse: every rule must be heard of. */
function checkRead(files: string[], answer: Answer[]): void {
  const heard = new Set(answer.flatMap(({ compliant, not_applicable, not_compliant }) => [...compliant, ...not_applicable, ...not_compliant.map(({ Rule }) => Rule.name)]));
  const unread = files.filter(file => [...readFileSync(file, 'utf8').matchAll(/^rule +(\w+)(?! *\(|\w)/gm)].some(([, rule]) => !heard.has(rule)));
  if (unread.length) throw new Error(`cfn-guard must be able to read every rule, and passes over ${unread.map(file => basename(file)).join(', ')}`);
}

function findings(template: Template, rule: Broken): Finding[] {
  // Of alternatives (`or`), the last has the message.
  const found = places(rule).filter(({ message }) => message);
  const outer = found.filter(inside => !found.some(({ path, message }) => message === inside.message && inside.path.startsWith(`${path}/`)));
  return (outer.length ? outer : [{ path: '', message: 'is broken' }]).map(({ path, message }) => {
    const [, section, id, ...rest] = path.split('/');
    // Control Tower: `[<id>]: <message>`, and what to do about it.
    const [, control, text] = /^\s*(?:\[(CT\.[A-Z0-9.]+)\]:)?\s*(.*)/.exec(message)!;
    const resource = section === 'Resources' ? id : undefined;
    return { template, rule: control ?? rule.name, resource, message: `${text} (${resource ? rest.join('/') : path.slice(1)})` };
  });
}

const files = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.guard')).sort().map(file => join(folder, file));

/** AWS Control Tower's proactive controls: those about some type that the templates have, since the others cost as much. */
export const controlTower = () => new Guard('control tower', false, templates => {
  const types = [...new Set(templates.flatMap(({ body }) => Object.values<any>(body.Resources ?? {}).map(({ Type }) => Type)))];
  return files(join(cfnguard, 'rules', 'control-tower', 'cfn-guard')).filter(file => {
    const text = readFileSync(file, 'utf8');
    return types.some(type => text.includes(type));
  });
}, ({ body }) => body);

/** What no other judge catches: see `check/rules`. */
export const ourRules = () => new Guard('our rules', true, () => files(join(__dirname, '..', 'rules')), finished);
