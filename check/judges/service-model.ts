import { join } from 'node:path';
import { definitions, tasks } from '../definitions';
import { Template } from '../template';
import { Finding, Judge } from './judge';
import { run, targetPython } from './program';

/** What is wrong with the request of a task, by its index. */
interface Fault {
  readonly index: number;
  readonly rule: string;
  readonly message: string;
}

/** botocore's model of each AWS API, held against the request of every task: JSONata stands for any value. */
export class ServiceModel implements Judge {
  public readonly name = 'service model';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    const sources = templates.flatMap(template => definitions(template).flatMap(({ id, definition }) => tasks(definition)
      .map(({ resource, request }) => ({ template, resource: id, request: { resource, arguments: request } }))));
    const faults: Fault[] = JSON.parse(await run(targetPython, [join(__dirname, 'service_model.py')], 0, JSON.stringify(sources.map(({ request }) => request))));
    return faults.map(({ index, rule, message }) => ({ template: sources[index].template, resource: sources[index].resource, rule, message }));
  }
}
