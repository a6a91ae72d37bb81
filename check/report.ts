import { Finding } from './judges';
import { Acknowledgement, Template } from './template';

/** What one judge found. */
export interface Verdict {
  readonly judge: string;
  readonly findings: Finding[];
}

/** The JSON report. */
export interface Report {
  readonly unacknowledged: object[];
  readonly acknowledged: object[];
}

/** Prints what is not acknowledged, and the table of judges by template; returns the report. */
export function print(templates: Template[], verdicts: Verdict[], stale: Acknowledgement[]): Report {
  const entries = verdicts.flatMap(({ judge, findings }) => findings.map(({ template, rule, resource, message }) => {
    const acknowledgement = template.acknowledgementOf(rule, resource);
    return { judge, template: template.name, rule, path: resource && template.pathOf(resource), message, acknowledged: acknowledgement?.reason };
  }));
  const unacknowledged = entries.filter(({ acknowledged }) => acknowledged === undefined);
  for (const { judge, template, rule, path, message } of unacknowledged) console.log(`${template}: ${judge} ${rule} at ${path ?? 'the template'}: ${message}`);
  for (const { rule, path, reason } of stale) console.log(`${path}: '${rule}' is acknowledged (${reason}), and no judge finds it: remove the acknowledgement`);

  const cell = (judge: string, template: string): string => {
    const of = entries.filter(entry => entry.judge === judge && entry.template === template);
    const open = of.filter(({ acknowledged }) => acknowledged === undefined).length;
    return open ? `${open} open` : of.length ? `ok (${of.length})` : 'ok';
  };
  const names = templates.map(({ name }) => name);
  const rows = [['', ...verdicts.map(({ judge }) => judge)], ...names.map(name => [name, ...verdicts.map(({ judge }) => cell(judge, name))])];
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
  console.log(`\n${rows.map(row => row.map((text, column) => text.padEnd(widths[column])).join('  ').trimEnd()).join('\n')}`);
  console.log('\nok (n): n findings, each acknowledged with its reason beside the code.');
  return { unacknowledged, acknowledged: entries.filter(({ acknowledged }) => acknowledged !== undefined) };
}

/** Acknowledgements that excuse nothing in any template: the code that they excused has gone, or was mended. */
export function staleAcknowledgements(templates: Template[], findings: Finding[]): Acknowledgement[] {
  const used = new Set(findings.map(({ template, rule, resource }) => template.acknowledgementOf(rule, resource)));
  const key = ({ rule, reason }: Acknowledgement) => `${rule}: ${reason}`;
  const needed = new Set([...used].filter(each => each !== undefined).map(key));
  const all = new Map(templates.flatMap(({ acknowledgements }) => acknowledgements).map(each => [key(each), each]));
  return [...all.values()].filter(each => !needed.has(key(each)));
}
