import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CfnGuardValidator, CfnGuardValidatorProps } from '@cdklabs/cdk-validator-cfnguard';
import { PolicyViolation } from 'aws-cdk-lib';
import { Template } from '../template';
import { Finding, Judge } from './judge';

const ours = join(__dirname, '..', 'rules');

/** cfn-guard with a set of rules. */
class Guard implements Judge {
  constructor(public readonly name: string, public readonly quick: boolean, private readonly props: () => CfnGuardValidatorProps) {}

  public async judge(templates: Template[]): Promise<Finding[]> {
    const validator = new CfnGuardValidator({ ...this.props(), maxBuffer: 1 << 30 });
    // One template at a time: a violation does not say which of several it is about.
    return templates.flatMap(template => validator.validate({ templatePaths: [template.file] } as any).violations
      .flatMap(violation => this.findings(template, violation)));
  }

  private findings(template: Template, violation: PolicyViolation): Finding[] {
    const places = violation.violatingResources.map(({ resourceLogicalId }) => resourceLogicalId);
    const [, id] = /\[(CT\.[A-Z0-9.]+)\]/.exec(violation.description) ?? [];
    const message = violation.description.replace(/^\s*\[CT\.[A-Z0-9.]+\]:\s*/, '').trim().split('\n')[0];
    return [...new Set(places.length ? places : [undefined])].map(resource => ({ template, rule: id ?? violation.ruleName, message, resource }));
  }
}

/** AWS Control Tower's proactive controls. */
export const controlTower = () => new Guard('control tower', false, () => ({ controlTowerRulesEnabled: true }));

/** What no other judge catches: see `check/rules`. */
export const ourRules = () => new Guard('our rules', true, () => ({
  controlTowerRulesEnabled: false, rules: readdirSync(ours).filter(file => file.endsWith('.guard')).sort().map(file => join(ours, file)),
}));
