import { deployed } from './deployed';
import { definitions, tasks } from './definitions';
import { Template } from './template';

/**
 * A template as a deployment would have it, so that a rule finds text where the template has functions. Beside its
 * resources stand the tasks of its state machines, as resources whose type is the action, such as
 * `sagemaker:createTrainingJob`; `Text` holds the properties of each, for rules about what stands anywhere.
 */
export function finished(template: Template): any {
  const { Resources, Outputs = {} } = template.body;
  const calls = definitions(template).flatMap(({ id, definition }) => tasks(definition).map(({ name, resource, request }): [string, any] => [
    `${id}/${name}`, { Type: resource.replace(/^arn:[^:]+:states:::(aws-sdk:)?|\..*$/g, ''), Properties: request },
  ]));
  const all = [...Object.entries<any>(deployed(Resources, template.body)), ...calls];
  return {
    Resources: Object.fromEntries(all.map(([id, resource]) => [id, { ...resource, Text: JSON.stringify(resource.Properties ?? {}) }])),
    Outputs: deployed(Outputs, template.body),
  };
}
