import { AslValidator } from './asl-validator';
import { CdkNag } from './cdk-nag';
import { CdkValidator } from './cdk-validator';
import { CfnLint } from './cfn-lint';
import { Checkov } from './checkov';
import { controlTower, ourRules } from './guard';
import { Judge } from './judge';
import { Parliament } from './parliament';
import { ServiceModel } from './service-model';

export * from './judge';

/** Every judge. Those that run as programs of their own come first: they work while the others do. */
export const JUDGES: Judge[] = [
  new CfnLint(), new Checkov(), new Parliament(), new ServiceModel(), new CdkValidator(), new CdkNag(), new AslValidator(), controlTower(), ourRules(),
];
