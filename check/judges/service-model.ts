import { join } from 'node:path';
import { Template } from '../template';
import { definitions } from './asl-validator';
import { Finding, Judge } from './judge';
import { run, targetPython } from './program';

/** The tasks of a definition, at any depth. */
function tasks(value: any): any[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...value.Type === 'Task' ? [value] : [], ...Object.values(value).flatMap(tasks)];
}

/** botocore's model of each AWS API, held against the request of every task: JSONata stands for any value. */
export class ServiceModel implements Judge {
  public readonly name = 'service model';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    const sources = templates.flatMap(template => definitions(template).flatMap(({ id, definition }) => tasks(definition)
      .map(task => ({ template, resource: id, request: { resource: task.Resource, arguments: task.Arguments ?? task.Parameters ?? {} } }))));
    const answer = await run(targetPython, [join(__dirname, 'service_model.py')], 0, JSON.stringify(sources.map(({ request }) => request)));
    return JSON.parse(answer).map(({ index, rule, message }: any) => ({ template: sources[index].template, resource: sources[index].resource, rule, message }));
  }
}
