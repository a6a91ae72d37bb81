import { Construct } from 'constructs';
import { IAlerter } from '../../constructs/alerter/alerter';
import { Step } from '../../constructs/core';
import { Contract, given, TIMEOUT } from '../contract';
import { StandIn } from '../stand-in';

const RESULT = ['id'];

class StandInAlerter extends StandIn implements IAlerter {
  public notify(scope: Construct, id: string): Step {
    return this.step(scope, id, RESULT);
  }
}

export const ALERTER: Contract<IAlerter> = {
  component: 'alerter',
  standIn: scope => new StandInAlerter(scope, 'StandIn'),
  verbs: {
    notify: {
      step: (alerter, scope, id) => alerter.notify(scope, id, { subject: given('subject'), message: given('message'), timeout: TIMEOUT }),
      request: ['subject', 'message'], result: RESULT,
    },
  },
  events: {},
};
