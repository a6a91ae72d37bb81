import { Aws, CfnMapping, CfnRule, Fn, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow } from '../core/grants';
import { check, like, oneOf, text } from '../core/validation';

/** The accounts that hold SageMaker's scikit-learn images, by region (the SageMaker Python SDK's `image_uri_config/sklearn.json`). */
const SCIKIT_LEARN_ACCOUNTS: { [region: string]: string } = {
  'af-south-1': '510948584623',
  'ap-east-1': '651117190479',
  'ap-northeast-1': '354813040037',
  'ap-northeast-2': '366743142698',
  'ap-northeast-3': '867004704886',
  'ap-south-1': '720646828776',
  'ap-south-2': '628508329040',
  'ap-southeast-1': '121021644041',
  'ap-southeast-2': '783357654285',
  'ap-southeast-3': '951798379941',
  'ap-southeast-4': '106583098589',
  'ca-central-1': '341280168497',
  'ca-west-1': '190319476487',
  'cn-north-1': '450853457545',
  'cn-northwest-1': '451049120500',
  'eu-central-1': '492215442770',
  'eu-central-2': '680994064768',
  'eu-north-1': '662702820516',
  'eu-south-1': '978288397137',
  'eu-south-2': '104374241257',
  'eu-west-1': '141502667606',
  'eu-west-2': '764974769150',
  'eu-west-3': '659782779980',
  'il-central-1': '898809789911',
  'me-central-1': '272398656194',
  'me-south-1': '801668240914',
  'sa-east-1': '737474898029',
  'us-east-1': '683313688378',
  'us-east-2': '257758044811',
  'us-gov-east-1': '237065988967',
  'us-gov-west-1': '414596584902',
  'us-iso-east-1': '833128469047',
  'us-isob-east-1': '281123927165',
  'us-isof-east-1': '108575199400',
  'us-isof-south-1': '124985052026',
  'us-west-1': '746614075791',
  'us-west-2': '246618743249',
};

/** An image, as a construct uses it. */
export interface SageMakerImageConfig {
  /** The image's URI in ECR. */
  readonly uri: string;
  /** What the role that pulls it needs to be allowed. */
  readonly policies: iam.PolicyStatement[];
}

/**
 * The container image of a SageMaker job or model.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/pre-built-docker-containers-scikit-learn-spark.html
 */
export abstract class SageMakerImage {
  /**
   * SageMaker's own scikit-learn image, for script mode, in whichever region the stack is deployed.
   * @param version the image's version, such as `1.4-2`
   */
  public static scikitLearn(version: string = '1.4-2'): SageMakerImage {
    check({ version }, z => ({ version: oneOf(z, ['1.0-1', '1.2-1', '1.4-2'], 'a version of the scikit-learn image (1.0-1, 1.2-1 or 1.4-2)') }));
    return new RegionalImage('ScikitLearn', SCIKIT_LEARN_ACCOUNTS, `sagemaker-scikit-learn:${version}-cpu-py3`, 'sagemaker-scikit-learn');
  }

  /** An image of one's own, in an ECR repository. */
  public static fromEcr(repository: ecr.IRepository, tagOrDigest: string = 'latest'): SageMakerImage {
    check({ repository, tagOrDigest }, z => ({
      repository: like(z, 'a repository (ecr.IRepository)', 'repositoryArn', 'repositoryUriForTagOrDigest'),
      tagOrDigest: text(z, /^(\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/, "an image's tag or digest (sha256:<64 hexadecimal digits>)"),
    }), 'repository');
    return new EcrImage(repository, tagOrDigest);
  }

  /** An image by its URI in ECR, such as one of AWS's own. */
  public static fromUri(uri: string): SageMakerImage {
    if (Token.isUnresolved(uri)) throw new Error("'uri' must be known at synth, got a reference: for an image in a repository that CDK knows, use fromEcr");
    check({ uri }, z => ({ uri: text(z, /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+\/[a-z0-9][a-z0-9._/-]*(:\w[\w.-]*)?(@sha256:[0-9a-f]{64})?$/, 'the URI of an image in ECR, <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>') }), 'uri');
    return new UriImage(uri);
  }

  /** The image as `scope` uses it. */
  public abstract bind(scope: Construct): SageMakerImageConfig;
}

/** An image of AWS's that lies in another account in each region. */
class RegionalImage extends SageMakerImage {
  constructor(private readonly name: string, private readonly accounts: { [region: string]: string }, private readonly image: string, private readonly repository: string) {
    super();
  }

  public bind(scope: Construct): SageMakerImageConfig {
    const account = this.account(Stack.of(scope));
    return {
      uri: `${account}.dkr.ecr.${Aws.REGION}.${Aws.URL_SUFFIX}/${this.image}`,
      policies: pull(`arn:${Aws.PARTITION}:ecr:${Aws.REGION}:${account}:repository/${this.repository}`),
    };
  }

  /** The account in the stack's region; a region without one is refused at deploy, or now where the region is known. */
  private account(stack: Stack): string {
    if (!Token.isUnresolved(stack.region)) {
      const regions = Object.keys(this.accounts);
      check({ region: stack.region }, z => ({ region: oneOf(z, regions, `a region with SageMaker's ${this.name} image`) }));
      return this.accounts[stack.region];
    }
    const held = stack.node.tryFindChild(`${this.name}Accounts`) as CfnMapping;
    return (held ?? this.mapping(stack)).findInMap(Aws.REGION, 'account');
  }

  private mapping(stack: Stack): CfnMapping {
    new CfnRule(stack, `${this.name}Regions`, {
      assertions: [{ assert: Fn.conditionContains(Object.keys(this.accounts), Aws.REGION), assertDescription: `SageMaker has no ${this.name} image in this region` }],
    });
    return new CfnMapping(stack, `${this.name}Accounts`, { mapping: Object.fromEntries(Object.entries(this.accounts).map(([region, account]) => [region, { account }])) });
  }
}

/** An image in a repository that CDK knows. */
class EcrImage extends SageMakerImage {
  constructor(private readonly repository: ecr.IRepository, private readonly tagOrDigest: string) {
    super();
  }

  public bind(): SageMakerImageConfig {
    return { uri: this.repository.repositoryUriForTagOrDigest(this.tagOrDigest), policies: pull(this.repository.repositoryArn) };
  }
}

/** An image by its URI. */
class UriImage extends SageMakerImage {
  constructor(private readonly uri: string) {
    super();
  }

  public bind(): SageMakerImageConfig {
    const [, account, region, repository] = /^(\d+)\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^:@]+)/.exec(this.uri)!;
    return { uri: this.uri, policies: pull(`arn:${Aws.PARTITION}:ecr:${region}:${account}:repository/${repository}`) };
  }
}

function pull(repositoryArn: string): iam.PolicyStatement[] {
  return [
    allow(['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], [repositoryArn]),
    // A token is the registry's, not a repository's: the API takes no resource.
    allow(['ecr:GetAuthorizationToken'], ['*']),
  ];
}
