import { writeFileSync } from 'fs';
import { CloudFormationValidatePlugin } from 'aws-cdk-lib';
// eslint-disable-next-line @typescript-eslint/no-require-imports
import jsonata = require('jsonata');
import { CfnLint } from '../../check/judges/cfn-lint';
import { ourRules } from '../../check/judges/guard';
import { Template } from '../../check/template';
import { render } from '../support/template';

/** One engine for all templates; a new type of resource would start it anew, so that it is told the types first. */
const engine = new CloudFormationValidatePlugin();
const known = new Set<string>();

/** What aws-cdk-lib's own validator, with its default rules, has against a template, and what JSONata has against its expressions. */
export function judgeOne(template: Template, region?: string): string[] {
  const types = Object.values<any>(template.body.Resources ?? {}).map(({ Type }) => Type);
  if (types.some(type => !known.has(type))) {
    types.forEach(type => known.add(type));
    const file = `${template.file}.types.json`;
    writeFileSync(file, JSON.stringify({ Resources: Object.fromEntries([...known].map((type, index) => [`R${index}`, { Type: type }])) }));
    validate(file);
  }
  const findings = validate(template.file, region).flatMap(({ ruleName, description, violatingResources }) => violatingResources
    .filter(({ resourceLogicalId }) => !template.acknowledgementOf(ruleName, resourceLogicalId))
    .map(({ resourceLogicalId }) => `${ruleName} ${description} (${resourceLogicalId})`));
  return [...findings, ...expressions(template)];
}

function validate(file: string, region?: string) {
  const stack = { stackConstructPath: 'Fuzz', templatePath: file, accountId: undefined, region };
  return engine.validate({ templatePaths: [file], stackTemplates: [stack], appConstruct: undefined as any }).violations;
}

/** The JSONata of the state machines that does not parse, which Step Functions would refuse. */
function expressions(template: Template): string[] {
  return template.resources('AWS::StepFunctions::StateMachine').flatMap(([id, { Properties }]) => {
    const found = texts(JSON.parse(render(Properties.DefinitionString))).filter(text => /^\{%[\s\S]*%\}$/.test(text));
    return found.flatMap(text => {
      try {
        jsonata(text.slice(2, -2));
        return [];
      } catch (error) {
        return [`JSONata: ${(error as Error).message} (${id}): ${text}`];
      }
    });
  });
}

function texts(value: any): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

/** A batch holds variants of one resource, which have the same name; aws-cdk-lib writes DependsOn beside a reference. */
const PASSED_OVER = ['E3019', 'W3005'];

/** What cfn-lint and our own rules have against templates, less what is acknowledged. */
export async function judgeAll(templates: Template[]): Promise<{ resource?: string; line: string }[]> {
  const findings = await Promise.all([new CfnLint(), ourRules()].map(judge => judge.judge(templates)));
  return findings.flat().filter(({ template, rule, resource }) => !PASSED_OVER.includes(rule) && !template.acknowledgementOf(rule, resource))
    .map(({ template, rule, message, resource }) => ({ resource, line: `${rule} ${message} (${resource && template.pathOf(resource)})` }));
}
