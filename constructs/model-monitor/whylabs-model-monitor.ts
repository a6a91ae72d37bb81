import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, Call, ExternalEndpoint } from '../core';
import { check, duration, FILLED, fixed, mustBe, text } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { CaptureForwarder } from './capture-forwarder';
import { IDriftMonitor } from './model-monitor';
import { capturing, onUnhealthy } from './unhealthy';
import { Verdicts } from './verdicts';

/** Properties of a `WhyLabsModelMonitor`. */
export interface WhyLabsModelMonitorProps {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /** The https:// URL of the API of a WhyLabs that one runs oneself: the service at whylabsapp.com has ended. */
  readonly url: string;
  /** The organization's id in WhyLabs, such as `org-0`: 1 to 128 letters, digits, `_` and `-`. */
  readonly organization: string;
  /** The id of the model or dataset in WhyLabs, such as `model-1`: 1 to 128 letters, digits, `_` and `-`. */
  readonly dataset: string;
  /** Holds an API key of the organization. */
  readonly apiKey: ISecret;
  /**
   * The field of `apiKey`.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /** The https:// URL of a whylogs container (the one in Python), which profiles the traffic and sends the profiles to WhyLabs. */
  readonly containerUrl: string;
  /** Holds the container's password, `CONTAINER_PASSWORD`, which is no key of WhyLabs. */
  readonly containerPassword: ISecret;
  /**
   * The field of `containerPassword`.
   * @default - the whole secret
   */
  readonly containerPasswordField?: string;
  /**
   * The features' names, in the order of the columns.
   * @default - the names in JSON, or else `feature_0` and so on
   */
  readonly features?: string[];
  /**
   * The column of the prediction. WhyLabs takes a column with `output` in its name for an output of the model.
   * @default output_prediction
   */
  readonly predictionColumn?: string;
  /**
   * How long ago a batch may have begun whose result is told, 1 to 366 days: longer than a batch and the time until it is judged. WhyLabs answers 9,999 results of it at most.
   * @default Duration.days(3), for batches of an hour or a day
   */
  readonly window?: Duration;
}

const ID = [/^[\w-]{1,128}$/, '1 to 128 letters, digits, _ and -'] as const;
/** How often WhyLabs is asked. */
const INTERVAL = Duration.minutes(5);
/** The milliseconds that a result may need from its making until it is found: they are stored by the run. */
const LAG = 300_000;
/** The most results that WhyLabs answers. */
const LIMIT = 10_000;
/** The most that a step looks at, the newest; ten are told. */
const LOOKED_AT = 500;

/** Of an answer of any size: the newest results that are no calm, and that there are no more than those. */
const found = () => {
  const bound = (name: string, word: string) => `($type(${name}) = 'number' ? ', ${word} ' & ${name})`;
  const measured = `column & ': ' & metric & ' is ' & metricValue & ${bound('lowerThreshold', 'lower threshold')} & ${bound('upperThreshold', 'upper threshold')}`;
  const failed = "column & ': ' & metric & ' could not be judged: ' & (failureExplanation ? failureExplanation : failureType)";
  const result = `{'made': creationTimestamp, 'check': analyzerId, 'reason': failedAnalysis ? ${failed} : ${measured}}`;
  return `{% {'isWhole': $type(results) = 'array' and $count(results) < ${LIMIT}, 'found': [results[isAnomaly or failedAnalysis]^(>creationTimestamp)[[0..${LOOKED_AT - 1}]].${result}]} %}`;
};

/** Those that were made in the interval before the lag. */
const verdicts = () => {
  const [to, from] = [LAG, LAG + INTERVAL.toMilliseconds()].map(before => `$toMillis(${Verdicts.INPUT}.time) - ${before}`);
  // What was cut off, or has no list, is no calm.
  return `{% ($it := $states.result.ResponseBody; $it.isWhole = true ? [$it.found[made > ${from} and made <= ${to}].{'check': check, 'reason': reason}]) %}`;
};

/**
 * Sends an endpoint's captured traffic to a whylogs container, whose profiles the open-source WhyLabs judges, and asks WhyLabs for the results.
 * @see https://github.com/whylabs/whylabs-oss
 */
export class WhyLabsModelMonitor extends Construct implements IDriftMonitor {
  private readonly whylabs: ExternalEndpoint;
  private readonly container: ExternalEndpoint;
  private readonly forwarder: CaptureForwarder;
  private readonly verdicts: Verdicts;

  constructor(scope: Construct, id: string, private readonly props: WhyLabsModelMonitorProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: capturing(z), organization: fixed(z, ...ID), dataset: fixed(z, ...ID), features: z.array(text(z, ...FILLED)), predictionColumn: text(z, ...FILLED), window: duration(z, 'days', 1, 366),
      url: mustBe(z, 'the URL of a WhyLabs that you run', it => !/^https?:\/\/([\w.-]+\.)?whylabsapp\.com(?![\w.-])/i.test(it), () => ': the service of WhyLabs has ended, run its open-source edition or take another monitor'),
    }), 'endpoint', 'organization', 'dataset', 'apiKey', 'containerPassword');
    const { endpoint, url, dataset, apiKey, apiKeyField, containerUrl, containerPassword, containerPasswordField, features, predictionColumn = 'output_prediction' } = props;
    this.whylabs = new ExternalEndpoint(url, Auth.header('X-API-Key', apiKey, apiKeyField));
    this.whylabs.warnIfLoopback(this);
    this.container = new ExternalEndpoint(containerUrl, Auth.header('X-API-Key', containerPassword, containerPasswordField));
    this.forwarder = new CaptureForwarder(this, 'Traffic', { endpoint, vendor: this.container, format: 'whylabs', options: { dataset, prediction: predictionColumn }, features });
    this.verdicts = new Verdicts(this, 'Verdicts', { when: { schedule: events.Schedule.rate(INTERVAL) }, calls: [this.results()], verdicts: '$results' });
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this, id, [this.verdicts.arn, this.verdicts.alarm.alarmArn, this.forwarder.alarm.alarmArn], target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.verdicts.onDrift(this, id, target);
  }

  /** In the names that whylogs reads, to which the container's are added. */
  public bind(_client: iam.IGrantable): Binding {
    const { organization, dataset } = this.props;
    return {
      provider: 'whylabs', address: this.whylabs.url,
      variables: { WHYLABS_API_ENDPOINT: this.whylabs.url, WHYLABS_DEFAULT_ORG_ID: organization, WHYLABS_DEFAULT_DATASET_ID: dataset, WHYLOGS_CONTAINER_URL: this.container.url },
      secrets: { WHYLABS_API_KEY: this.whylabs.auth.credential!, CONTAINER_PASSWORD: this.container.auth.credential! },
      probes: [
        ...this.whylabs.probes('WHYLABS_API_KEY', { authorized: { path: `/v0/organizations/${organization}/models/${dataset}`, expects: { id: dataset } } }),
        ...this.container.probes('CONTAINER_PASSWORD', { alive: '/health', authorized: { path: '/status', expects: { config: {} } } }),
      ],
    };
  }

  /** WhyLabs finds results by the start of their batch. Those that failed are among all of them only. */
  private results(): Call {
    const { organization, dataset, window = Duration.days(3) } = this.props;
    const now = `$toMillis(${Verdicts.INPUT}.time)`;
    return this.whylabs.request(this, 'results', {
      path: `/v0/organizations/${organization}/dataset/${dataset}/data/analysis-results`,
      body: {
        interval: `{% $fromMillis(${now} - ${window.toMilliseconds()}) & '/' & $fromMillis(${now}) %}`, offset: 0, limit: LIMIT, onlyAnomalies: false, includeFailures: true,
      },
      select: found(), value: verdicts(),
    });
  }
}
