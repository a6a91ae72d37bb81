import { App, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks, NagPack, NIST80053R5Checks } from 'cdk-nag';
import { Template } from '../template';
import { Finding, Judge } from './judge';

/** cdk-nag's packs AwsSolutions and NIST 800-53 R5. */
export class CdkNag implements Judge {
  public readonly name = 'cdk-nag';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    return templates.flatMap(template => {
      // The bootstrap version is a parameter of the template already.
      const stack = new Stack(new App(), 'Judged', { synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) });
      new CfnInclude(stack, 'Template', { templateFile: template.file });
      const packs: NagPack[] = [new AwsSolutionsChecks(), new NIST80053R5Checks()];
      return packs.flatMap(pack => pack.validateScope(stack).violations).flatMap(({ ruleName, description, violatingResources }) => violatingResources
        .map(({ constructPath }) => ({ template, rule: ruleName, message: description, resource: constructPath!.split('/')[2] })));
    });
  }
}
