import * as sns from 'aws-cdk-lib/aws-sns';
import * as fc from 'fast-check';
import { SnsAlerter } from '../../lib';
import { key, props, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { recipe } from './recipe';

const email = fc.oneof(fc.constantFrom('ml@acme.dev', 'a@b', 'a b@c.d', 'ml@acme.dev\n', `${'x'.repeat(300)}@acme.dev`), fc.emailAddress(), textOrReference);
const topic = recipe('a topic', (stack, id) => sns.Topic.fromTopicArn(stack, id, 'arn:aws:sns:us-east-1:123456789012:alerts'));

fuzz('SnsAlerter', props({}, { email, encryptionKey: key }), (stack, given) => machine(stack, new SnsAlerter(stack, 'Alerter', given).notify(stack, 'Tell', { subject: 'a', message: 'b' })));

fuzz('SnsAlerter.fromTopic', props({ topic }, { encryptionKey: key }), (stack, given) => machine(stack, SnsAlerter.fromTopic(stack, 'Alerter', given).notify(stack, 'Tell', { subject: 'a', message: 'b' })));

fuzz('IAlerter.notify', props({ subject: textOrReference, message: textOrReference }), (stack, given) => machine(stack, new SnsAlerter(stack, 'Alerter').notify(stack, 'Tell', given)));
