import { deployed } from './deployed';
import { Template } from './template';

/** A state that calls something, at any depth of a definition. */
export interface Task {
  readonly name: string;
  readonly resource: string;
  /** What it is called with; JSONata stands for any value. */
  readonly request: any;
}

/** The definition (ASL) of each state machine of a template. */
export function definitions(template: Template): { id: string; definition: any }[] {
  return template.resources('AWS::StepFunctions::StateMachine').map(([id, { Properties }]) => {
    const definition = deployed(Properties.DefinitionString ?? Properties.Definition, template.body);
    return { id, definition: typeof definition === 'string' ? JSON.parse(definition) : definition };
  });
}

/** The tasks of a part of a definition. */
export function tasks(part: any, name = ''): Task[] {
  if (typeof part !== 'object' || part === null) return [];
  if (part.Type === 'Task') return [{ name, resource: part.Resource, request: part.Arguments ?? part.Parameters ?? {} }];
  return Object.entries(part).flatMap(([key, inner]) => tasks(inner, key));
}
