import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type * as Zod from 'zod';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { IComponent, Jsonata, Step } from '../core';
import { check, FILLED, isJson, like, mustBe, text, textOrJsonata } from '../core/validation';

/** Rows to predict. */
export interface InferOptions {
  /** An array of rows, each what the model takes, such as an array of numbers or a text; may be JSONata. */
  readonly instances: any;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** A version to serve. */
export interface DeployOptions {
  /** The version's name, which names what is made for it; may be JSONata. */
  readonly version: string;
  /** The model's s3:// address; may be JSONata. */
  readonly modelUri: string;
  /** Where the model lies. */
  readonly store: IArtifactStore;
  /**
   * The image that serves it; may be JSONata.
   * @default - the endpoint's own way to serve
   */
  readonly image?: string;
  /**
   * Rows that the new version must answer before its deployment counts; may be JSONata.
   * @default - none; the version is not tried
   */
  readonly sample?: any;
  /**
   * The longest that the deployment may take.
   * @default Duration.hours(2)
   */
  readonly timeout?: Duration;
}

/** Rows, or what yields them. */
function rows(z: typeof Zod): Zod.ZodType {
  return mustBe(z, 'a list of rows, or JSONata', it => Array.isArray(it) && isJson(it, false) || Jsonata.isExpression(it));
}

/**
 * @throws Error when there is nothing to predict
 * @internal
 */
export function checkInfer(options: InferOptions): void {
  check(options, z => ({ instances: rows(z) }), 'instances');
}

/**
 * @throws Error when it is not said what is deployed
 * @internal
 */
export function checkDeploy(options: DeployOptions): void {
  check(options, z => ({
    version: text(z, ...FILLED), modelUri: textOrJsonata(z, /^s3:\/\//, 'an s3:// address'), store: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'read'),
    image: text(z, ...FILLED), sample: rows(z),
  }), 'version', 'modelUri', 'store');
}

/**
 * For an endpoint whose deployment reads the model by AWS's own means.
 * @throws Error when it is not said what is deployed, or it does not lie in S3
 * @internal
 */
export function checkDeployFromS3(options: DeployOptions): void {
  checkDeploy(options);
  check(options, z => ({ store: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'bucketName') }), 'store');
}

/** Serves a model. */
export interface IModelEndpoint extends IComponent {
  /** Predicts. Result: `predictions`, one a row. */
  infer(scope: Construct, id: string, options: InferOptions): Step;
}

/** Serves whichever version is deployed to it. */
export interface IDeployableEndpoint extends IModelEndpoint {
  /** Deploys a version in place of the one that is served, which answers until the new one does. Result: `endpoint`, `version`. */
  deploy(scope: Construct, id: string, options: DeployOptions): Step;
}

/** Measures and keeps its traffic where a monitor can read it. */
export interface ICapturingEndpoint extends IModelEndpoint {
  /** The share of requests that is captured, in percent; 0 captures nothing. */
  readonly capturePercentage: number;
  /** The s3:// address of the captured requests and responses. */
  readonly captureUri: string;
  /** Tells a target of each new file of captured traffic: `address`, `size` (bytes), `at` (ISO 8601). */
  onCaptured(id: string, target?: events.IRuleTarget): events.Rule;
  /** What reading the captured traffic needs to be allowed. */
  capturePolicies(): iam.PolicyStatement[];
  /** Requests. */
  metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
  /** Requests that the model failed (HTTP 5xx). */
  metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
  /** The model's time for a request, in microseconds. */
  metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}
