import { CloudFormationValidatePlugin } from 'aws-cdk-lib';
import { Template } from '../template';
import { Finding, Judge } from './judge';

const context = ({ name, file }: Template) => ({
  templatePaths: [file], stackTemplates: [{ stackConstructPath: name, templatePath: file, accountId: undefined, region: undefined }], appConstruct: undefined as any,
});

/** The validator inside aws-cdk-lib, with the default rules on. */
export class CdkValidator implements Judge {
  public readonly name = 'aws-cdk-lib';
  public readonly quick = true;

  public async judge(templates: Template[]): Promise<Finding[]> {
    const validator = new CloudFormationValidatePlugin({ includeDefaultRules: true });
    return templates.flatMap(template => validator.validate(context(template)).violations
      .flatMap(({ ruleName, description, violatingResources }) => violatingResources
        .map(({ resourceLogicalId }) => ({ template, rule: ruleName, message: description.trim().split('\n')[0], resource: resourceLogicalId }))));
  }
}
