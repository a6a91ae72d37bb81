import { deployed } from '../deployed';
import { Template } from '../template';
import { Finding, Judge } from './judge';

// eslint-disable-next-line @typescript-eslint/no-require-imports
const validate = require('asl-validator');

/** The definition (ASL) of each state machine of a template. */
export function definitions(template: Template): { id: string; definition: any }[] {
  return template.resources('AWS::StepFunctions::StateMachine').map(([id, { Properties }]) => {
    const definition = deployed(Properties.DefinitionString ?? Properties.Definition, template.body);
    return { id, definition: typeof definition === 'string' ? JSON.parse(definition) : definition };
  });
}

/** Amazon States Language: the schema of each state, its transitions and its paths. */
export class AslValidator implements Judge {
  public readonly name = 'asl-validator';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    return templates.flatMap(template => definitions(template).flatMap(({ id, definition }) => validate(definition).errors
      .map((error: any) => ({ template, rule: error['Error code'], message: error.Message ?? JSON.stringify(error), resource: id }))));
  }
}
