import { ArnFormat, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import type * as Zod from 'zod';
import { Binding, Call, ComponentEvent, Jsonata, Step } from '../core';
import { allow, grant, grantAny, sagemakerArn } from '../core/grants';
import { retention } from '../core/retention';
import { check, FILLED, like, mustBe, text, textOrJsonata } from '../core/validation';
import { retainedName } from '../sagemaker/names';
import { IModelRegistry, ModelStatus, RegisterOptions, ResolveOptions, SetStatusOptions, StatusChangedOptions } from './model-registry';

/** Properties of a `SageMakerModelRegistry`. */
export interface SageMakerModelRegistryProps {
  /**
   * What the models are for.
   * @default - none
   */
  readonly description?: string;
  /**
   * DESTROY, which works only on an empty group, needs the context `cdk-mlops:allowDestroy` too.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What SageMaker takes as a description, in a pattern and in words. */
const DESCRIPTION = [/^[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]{0,1024}$/u, 'at most 1024 letters, digits, signs and spaces'] as const;

/** What requests and responses the registered models take. */
const MIME_TYPES = ['text/csv', 'application/json'];

/** One of the decisions. */
function decision(z: typeof Zod): Zod.ZodType {
  const all: unknown[] = Object.values(ModelStatus);
  return mustBe(z, `a ModelStatus (${all.join(', ')})`, it => all.includes(it));
}

/** The contract over a Model Package Group, new or existing. */
export abstract class SageMakerModelRegistryBase extends Construct implements IModelRegistry {
  /** The group's name. */
  public abstract readonly groupName: string;

  public register(scope: Construct, id: string, options: RegisterOptions): Step {
    check(options, z => ({
      modelUri: textOrJsonata(z, /^s3:\/\//, 'an s3:// address'), image: text(z, ...FILLED), metrics: text(z, ...FILLED), description: text(z, ...DESCRIPTION),
    }), 'modelUri', 'image');
    // What metadata does not take stands as `-`, so that no run fails after its training for its id.
    const run = `$substring($replace(${Jsonata.source(Step.RUN_ID)}, /[^A-Za-z0-9 _.:\\/=+\\-@]/, '-'), 0, 256)`;
    const facts = options.metrics === undefined ? '' : `, $each(${Jsonata.source(options.metrics)}, function($value, $name) { {$name: $string($value)} })`;
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        {
          name: 'package', resource: 'aws-sdk:sagemaker:createModelPackage',
          policies: [allow(['sagemaker:CreateModelPackage'], [this.groupArn, this.versionArns])],
          arguments: {
            ClientToken: Step.TOKEN,
            ModelPackageGroupName: this.groupName,
            ModelPackageDescription: options.description,
            ModelApprovalStatus: 'PendingManualApproval',
            InferenceSpecification: {
              Containers: [{ Image: options.image, ModelDataUrl: options.modelUri }], SupportedContentTypes: MIME_TYPES, SupportedResponseMIMETypes: MIME_TYPES,
            },
            CustomerMetadataProperties: `{% $merge([{'runId': ${run}}${facts}]) %}`,
          },
        },
        this.describe('described', '{% $package.ModelPackageArn %}'),
      ],
      result: { version: '{% $described.ModelPackageArn %}', status: '{% $described.ModelApprovalStatus %}' },
    });
  }

  public resolve(scope: Construct, id: string, options: ResolveOptions): Step {
    check(options, z => ({ version: text(z, ...FILLED) }), 'version');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.describe('described', options.version)],
      result: {
        version: '{% $described.ModelPackageArn %}',
        modelUri: '{% ($described.InferenceSpecification.Containers)[0].ModelDataUrl %}',
        image: '{% ($described.InferenceSpecification.Containers)[0].Image %}',
        status: '{% $described.ModelApprovalStatus %}',
        changedAt: '{% $exists($described.LastModifiedTime) ? $described.LastModifiedTime : $described.CreationTime %}',
      },
    });
  }

  public setStatus(scope: Construct, id: string, options: SetStatusOptions): Step {
    check(options, z => ({ version: text(z, ...FILLED), status: decision(z), reason: text(z, ...DESCRIPTION) }), 'version', 'status');
    const { version, status, reason, timeout } = options;
    return new Step(scope, id, {
      timeout,
      calls: [{
        name: 'updated', resource: 'aws-sdk:sagemaker:updateModelPackage', policies: [allow(['sagemaker:UpdateModelPackage'], [this.versionArns])],
        arguments: { ModelPackageArn: version, ModelApprovalStatus: status, ApprovalDescription: reason },
      }],
      result: { version: '{% $updated.ModelPackageArn %}', status },
    });
  }

  public onStatusChanged(id: string, options: StatusChangedOptions): events.Rule {
    check(options, z => ({ status: decision(z), target: like(z, 'a target (events.IRuleTarget)', 'bind') }), 'status', 'target');
    return new ComponentEvent(this, id, {
      pattern: {
        source: ['aws.sagemaker'], detailType: ['SageMaker Model Package State Change'],
        // An approved version sends `Approved` again when its metadata is edited: only changes of the status count.
        detail: { ModelPackageGroupName: [this.groupName], ModelApprovalStatus: [options.status], UpdatedModelPackageFields: ['ModelApprovalStatus'] },
      },
      payload: { version: events.EventField.fromPath('$.detail.ModelPackageArn'), status: events.EventField.fromPath('$.detail.ModelApprovalStatus'), at: events.EventField.time },
      target: options.target,
    });
  }

  public bind(client: iam.IGrantable): Binding {
    grant(client, [
      allow(['sagemaker:DescribeModelPackageGroup', 'sagemaker:CreateModelPackage'], [this.groupArn]),
      allow(['sagemaker:CreateModelPackage', 'sagemaker:DescribeModelPackage', 'sagemaker:UpdateModelPackage'], [this.versionArns]),
    ], 'registers, reads and approves versions');
    grantAny(client, ['sagemaker:ListModelPackages'], 'lists versions');
    return { provider: 'sagemaker', address: this.groupName, variables: { MLOPS_MODEL_REGISTRY: this.groupName } };
  }

  /** The group's name as ARNs hold it: SageMaker writes them in lower case, and IAM compares letter by letter. */
  private get arnName(): string {
    return Token.isUnresolved(this.groupName) ? this.groupName : this.groupName.toLowerCase();
  }

  private get groupArn(): string {
    return sagemakerArn(this, 'model-package-group', this.arnName);
  }

  private get versionArns(): string {
    return Stack.of(this).formatArn({ service: 'sagemaker', resource: 'model-package', resourceName: `${this.arnName}/*`, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  }

  private describe(name: string, version: string): Call {
    return {
      name, resource: 'aws-sdk:sagemaker:describeModelPackage', arguments: { ModelPackageName: version },
      policies: [allow(['sagemaker:DescribeModelPackage'], [this.versionArns])],
      until: `{% $${name}.ModelPackageStatus = 'Completed' %}`,
      failed: `{% $${name}.ModelPackageStatus = 'Failed' %}`,
    };
  }
}

/**
 * Registers models as versions of a SageMaker Model Package Group.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html
 */
export class SageMakerModelRegistry extends SageMakerModelRegistryBase {
  /** A Model Package Group that exists. */
  public static fromGroupName(scope: Construct, id: string, groupName: string): IModelRegistry {
    check({ groupName }, z => ({ groupName: text(z, /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'at most 63 letters, digits and -') }), 'groupName');
    class Import extends SageMakerModelRegistryBase {
      public readonly groupName = groupName;
    }
    return new Import(scope, id);
  }

  public readonly groupName: string;

  constructor(scope: Construct, id: string, props: SageMakerModelRegistryProps = {}) {
    super(scope, id);
    check(props, z => ({ description: text(z, ...DESCRIPTION) }));
    const group = new sagemaker.CfnModelPackageGroup(this, 'Resource', { modelPackageGroupName: retainedName(this, 63), modelPackageGroupDescription: props.description });
    group.applyRemovalPolicy(retention(this, props.removalPolicy));
    this.groupName = group.modelPackageGroupName;
    this.node.addDependency(group);
  }
}
