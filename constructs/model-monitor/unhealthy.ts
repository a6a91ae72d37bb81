import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type * as Zod from 'zod';
import { ComponentEvent } from '../core';
import { mustBe } from '../core/validation';

/** The source and the type of a verdict, which has the shape of an alarm's change of state: one rule tells of both. */
export const VERDICT = { source: 'mlops.monitor', detailType: 'Model Drift' };

/** The contract's event, for alarms of CloudWatch and for verdicts, by the ARNs of what gives them. */
export function onUnhealthy(scope: Construct, id: string, resources: string[], target: events.IRuleTarget): events.Rule {
  return new ComponentEvent(scope, id, {
    pattern: {
      source: ['aws.cloudwatch', VERDICT.source], detailType: ['CloudWatch Alarm State Change', VERDICT.detailType], resources, detail: { state: { value: ['ALARM'] } },
    },
    payload: {
      alarm: events.EventField.fromPath('$.detail.alarmName'), state: events.EventField.fromPath('$.detail.state.value'),
      reason: events.EventField.fromPath('$.detail.state.reason'), at: events.EventField.time,
    },
    target,
  });
}

/** An endpoint that can be watched. */
export function capturing(z: typeof Zod): Zod.ZodType {
  return mustBe(z, "an endpoint whose traffic is captured (ICapturingEndpoint, 'capturePercentage' above 0)", it => it?.capturePercentage > 0 && it.onCaptured, () => ': monitor another one, or leave the monitor out');
}
