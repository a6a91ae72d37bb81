import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { NotifyOptions, Step } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  public override notify(scope: Construct, id: string, options: NotifyOptions): Step {
    return super.notify(scope, id, options).addCatch(sfn.Pass.jsonata(scope, 'Undelivered'));
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'swap: confined': "'conformance/Machine/Resource' must be the same whoever provides the component, got a change of this AWS::StepFunctions::StateMachine",
};
