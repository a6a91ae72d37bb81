import { readFileSync } from 'fs';
import { join } from 'path';
import { parse } from 'yaml';
import * as z from 'zod';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { MlopsStack } from '../../lib';
import { AUTH_FORMS } from '../../lib/catalogue/auth-forms';
import { checkStackFile, COMPONENTS, nameSchema, pipelineSchema, privateLinkSchema, rotationSchema } from '../../lib/stack-file';
import { render } from '../support/template';

const doc = readFileSync(join(__dirname, '../../docs/stack-file.md'), 'utf8');

/** The part of a text under a heading, up to the next heading of the same or a higher level. */
function under(text: string, heading: string): string {
  const [level] = /^#+/.exec(heading)!;
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`docs/stack-file.md must have the heading '${heading}'`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex(line => /^#/.test(line) && /^#+/.exec(line)![0].length <= level.length);
  return rest.slice(0, end < 0 ? undefined : end).join('\n');
}

/** The rows of the tables of a text: field to default. */
function table(text: string): { [field: string]: string } {
  return Object.fromEntries([...text.matchAll(/^\| `(\w+)` \| (.+?) \|/gm)].map(([, field, standard]) => [field, standard]));
}

/** What the doc must say of a field's default, as far as the schema knows it. */
function expectDefaults(rows: { [field: string]: string }, shape: { [field: string]: z.ZodType }) {
  for (const [field, schema] of Object.entries(shape)) {
    const { success, data } = schema.safeParse(undefined);
    if (!success) expect([field, rows[field]]).toEqual([field, 'required']);
    else if (data === undefined) expect([field, rows[field]]).not.toEqual([field, 'required']);
    else expect([field, parse(rows[field].replace(/`/g, ''))]).toEqual([field, data]);
  }
}

const sections = Object.entries(COMPONENTS).flatMap(([section, providers]) => Object.keys(providers).map(provider => [section, provider] as const));

describe('docs/stack-file.md lists every field of the catalogue', () => {
  test.each(sections)('%s: %s', (section, provider) => {
    const shape = COMPONENTS[section][provider].fields(z);
    const rows = table(under(under(doc, `## ${section}`), `### ${provider}`));

    expect(Object.keys(rows)).toEqual(Object.keys(shape));
    expectDefaults(rows, shape);
  });

  test.each(Object.keys(COMPONENTS))('the providers of %s, the default first', section => {
    expect([...under(doc, `## ${section}`).matchAll(/^### (.+)$/gm)].map(([, provider]) => provider)).toEqual(Object.keys(COMPONENTS[section]));
  });

  test('the stack itself', () => {
    const rows = table(under(doc, '## The stack'));

    expect(Object.keys(rows)).toEqual(['name', 'rotation', 'privateLink']);
    expectDefaults(rows, { name: nameSchema(z), rotation: rotationSchema(z), privateLink: privateLinkSchema(z) });
  });

  test('the forms of a credential, with their fields', () => {
    const shape = (form: string): string => {
      const schema: any = AUTH_FORMS[form].fields(z);
      return schema.shape ? `{ ${Object.keys(schema.shape).join(', ')} }` : schema.options.join(', ');
    };
    const rows = [...under(doc, '### Forms of a credential').matchAll(/^\| `(\w+: .+?)` \|/gm)].map(([, form]) => form);

    expect(rows).toEqual(Object.keys(AUTH_FORMS).map(form => `${form}: ${shape(form)}`));
  });

  test('the pipeline', () => {
    const { shape } = pipelineSchema(z);
    const rows = table(under(doc, '## pipeline'));

    expect(Object.keys(rows)).toEqual(Object.keys(shape));
    expectDefaults(rows, shape);
  });

  test('the sections, and no other', () => {
    expect([...doc.matchAll(/^## (.+)$/gm)].map(([, section]) => section)).toEqual(['The stack', ...Object.keys(COMPONENTS), 'pipeline']);
  });

  test('its example is accepted', () => {
    expect(checkStackFile(parse(/```yaml\n([\s\S]+?)```/.exec(doc)![1])).tracker.provider).toBe('mlflow');
  });
});

// The constructs' own defaults: a file that says what the doc calls the default gives the template of an empty file.
test.each(['trainer', 'endpoint', 'monitor'])('the written defaults of %s change nothing', section => {
  const [provider] = Object.keys(COMPONENTS[section]);
  const rows = table(under(under(doc, `## ${section}`), `### ${provider}`));
  const written = Object.fromEntries(Object.entries(rows).filter(([, standard]) => /^`[^`]+`$/.test(standard)).map(([field, standard]) => [field, parse(standard.slice(1, -1))]));

  expect(Object.keys(written).length).toBeGreaterThan(1);
  const [before, after] = [resources({}), resources({ [section]: written })];
  expect(Object.keys({ ...before, ...after }).filter(id => before[id] !== after[id])).toEqual([]);
});

/** The default stack with some settings: logical id to the resource as text. */
function resources(settings: any): { [id: string]: string } {
  const { Resources } = Template.fromStack(new MlopsStack(new App(), 'mlops', { settings })).toJSON();
  // To SageMaker, `false` is the same as left out.
  return Object.fromEntries(Object.entries(Resources).map(([id, resource]) => [id, JSON.stringify(render(resource)).replace(/\\"EnableNetworkIsolation\\":false,/g, '')]));
}
