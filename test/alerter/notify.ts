import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IAlerter } from '../../lib';
import { Execution, execute } from '../support/machine';
import { definition } from '../support/template';

/** The template of a stack with a machine that sends one alert. */
export function notifying(
  stack: Stack, alerter: IAlerter, subject = "{% 'Run ' & $states.context.Execution.Input.run %}", message = '{% $states.context.Execution.Input.message %}',
): Template {
  const definitionBody = sfn.DefinitionBody.fromChainable(alerter.notify(stack, 'Notify', { subject, message }));
  new sfn.StateMachine(stack, 'Machine', { definitionBody, queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

/** Runs the machine against a vendor that answers with `body`; returns how it ended and what the vendor was sent. */
export async function send(template: Template, body: unknown, input: object = { run: 'r1', message: 'Cause: x' }): Promise<Execution & { requests: any[] }> {
  const requests: any[] = [];
  const execution = await execute(definition(template, 'Machine'), (_name, request) => {
    requests.push(request);
    return { StatusCode: 200, ResponseBody: body };
  }, input);
  return { ...execution, requests };
}
