import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Call, CALLS, Extras, Fault, FAULTS } from '../test/faults';
import { synthesize } from './apps';
import { Finding, JUDGES } from './judges';
import { Acknowledgement, Template } from './template';

/** A template with the harm of a fault done to it. */
interface Harmed {
  readonly fault: Fault;
  readonly template: Template;
  /** Where the harm was done. */
  readonly resource?: string;
}

const appOf = ({ app = 'examples/compose-your-own' }: Fault) => app;

/**
 * Judges every seeded fault and its unharmed twin, and prints who has caught it. A judge gets its faults and all twins at once.
 * @returns whether each fault is caught and each twin is clean
 */
export async function judgeFaults(outdir: string): Promise<boolean> {
  const extra = extras(outdir);
  const twins = new Map([...new Set(FAULTS.map(appOf))].map(app => [app, twin(synthesize(app, outdir)[0], extra, outdir)]));
  const harmed = FAULTS.map(fault => harm(twins.get(appOf(fault))!, fault, outdir));
  const found = (await Promise.all(JUDGES.map(async judge => {
    const mine = harmed.filter(({ fault }) => fault.judge === judge.name).map(({ template }) => template);
    return (await judge.judge([...twins.values(), ...mine])).map(finding => ({ ...finding, judge: judge.name }));
  }))).flat().filter(({ template, rule, resource }) => !template.acknowledgementOf(rule, resource));

  const lines = [
    ...harmed.map(each => outcome(each, found.filter(({ template }) => template === each.template))),
    ...CALLS.map(call => refusal(call)),
    ...found.filter(({ template }) => [...twins.values()].includes(template)).map(({ template, judge, rule, resource, message }) => wrong(template.name, `not clean: ${judge} ${rule} at ${resource}: ${message}`)),
  ];
  lines.forEach(({ line }) => console.log(line));
  const missed = lines.filter(({ right }) => !right).length;
  console.log(missed ? `\n${missed} of the lines above must be right` : `\n${lines.length} of ${FAULTS.length + CALLS.length} seeded faults are caught, and ${twins.size} twins are clean`);
  return !missed;
}

/** `templates` with the fault of this name in the one of its app. */
export function seed(templates: Template[], name: string, outdir: string): Template[] {
  const call = CALLS.find(each => each.name === name);
  if (call) {
    make(call, call.wrong);
    throw new Error(`'${name}' must be refused by its construct, and is taken`);
  }
  const fault = FAULTS.find(each => each.name === name);
  if (!fault) throw new Error(`'--with' must be one of ${[...FAULTS, ...CALLS].map(each => each.name).join(', ')}, got '${name}'`);
  const seeded = harm(twin(templates.find(template => template.name === appOf(fault))!, extras(outdir), outdir), fault, outdir);
  return templates.map(template => template.name === appOf(fault) ? seeded.template : template);
}

/** What no example has, made right. */
function extras(outdir: string): Template {
  const [template] = synthesize('extras', outdir, () => {
    const app = new App();
    new Extras(app, 'extras');
    app.synth();
  });
  return template;
}

/** The template of an app together with the extras: unharmed. */
function twin({ name, body, acknowledgements }: Template, extra: Template, outdir: string): Template {
  return write(outdir, `${name}, the twin`, { ...body, Resources: { ...body.Resources, ...extra.body.Resources } }, [...acknowledgements, ...extra.acknowledgements]);
}

function harm(unharmed: Template, fault: Fault, outdir: string): Harmed {
  const body = structuredClone(unharmed.body);
  const resource = fault.harm(body);
  return { fault, resource, template: write(outdir, `${appOf(fault)} with ${fault.name}`, body, unharmed.acknowledgements) };
}

function write(outdir: string, name: string, body: any, acknowledgements: Acknowledgement[]): Template {
  const file = join(outdir, `${name.replace(/\W+/g, '-')}.template.json`);
  writeFileSync(file, JSON.stringify(body, undefined, 1));
  return new Template(name, file, acknowledgements);
}

const right = (name: string, text: string) => ({ right: true, line: `${name}: ${text}` });
const wrong = (name: string, text: string) => ({ right: false, line: `${name}: ${text}` });

function outcome({ fault: { name, judge, rule }, resource }: Harmed, findings: Finding[]) {
  if (findings.some(finding => finding.rule === rule && finding.resource === resource)) return right(name, `caught by ${judge}: ${rule}`);
  const others = findings.map(finding => `${finding.rule} at ${finding.resource}`).join(', ');
  return wrong(name, `missed by ${judge}, which must find ${rule} at ${resource}, and finds ${others || 'nothing'}`);
}

function refusal(call: Call) {
  make(call, call.right);
  try {
    make(call, call.wrong);
  } catch (error) {
    const { message } = error as Error;
    return message.startsWith(call.says) && !message.includes('\n') ? right(call.name, `refused by its construct: ${message}`) : wrong(call.name, `refused, and must be with '${call.says}': ${message}`);
  }
  return wrong(call.name, `taken by its construct, which must say ${call.says}`);
}

function make({ call }: Call, value: any): void {
  call(new Stack(new App(), 'Stack'), value);
}
