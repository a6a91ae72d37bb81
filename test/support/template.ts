import { Template } from 'aws-cdk-lib/assertions';
import { definitionOf, render, states } from '../../conformance/template';

export { render, states };

/** The one resource of `type` whose logical id contains `idPart`, rendered. */
export function resource(template: Template, type: string, idPart = ''): any {
  const found = Object.entries(template.findResources(type)).filter(([id]) => id.includes(idPart));
  if (found.length !== 1) throw new Error(`one ${type} with '${idPart}' in its id expected, got ${found.map(([id]) => id).join(', ') || 'none'}`);
  return render(found[0][1]);
}

/** The definition (ASL) of the one state machine whose logical id contains `idPart`. */
export function definition(template: Template, idPart = ''): any {
  return definitionOf(resource(template, 'AWS::StepFunctions::StateMachine', idPart));
}

/** What the policies of the role whose logical id contains `idPart` allow, statement by statement, rendered. */
export function allowed(template: Template, idPart: string): { actions: string[]; resources: string[]; condition?: any }[] {
  return Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([, policy]) => policy.Properties.Roles?.some((role: any) => role.Ref?.includes(idPart)))
    .flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement)
    .map((statement: any) => ({ actions: [statement.Action].flat(), resources: [statement.Resource].flat().map(render), condition: render(statement.Condition) }));
}

/** The resources on which the role whose logical id contains `idPart` may do `action`, sorted. */
export function resourcesOf(template: Template, idPart: string, action: string): string[] {
  return [...new Set(allowed(template, idPart).filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources))].sort();
}

/** Every action of every policy of a template. */
export function actions(template: Template): string[] {
  const statements: any[] = [];
  const walk = (value: any): void => {
    if (typeof value !== 'object' || value === null) return;
    if (value.Effect !== undefined && value.Action !== undefined) statements.push(value);
    Object.values(value).forEach(walk);
  };
  walk(template.toJSON().Resources);
  return [...new Set(statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => Action))].sort();
}
