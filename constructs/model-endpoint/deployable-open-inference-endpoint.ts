import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../artifact-store/artifact-store';
import { Jsonata, Step } from '../core';
import { check, fixed, like } from '../core/validation';
import { MODELS } from '../model-trainer/model-trainer';
import { checkDeployFromS3, DeployOptions, IDeployableEndpoint } from './model-endpoint';
import { OpenInferenceEndpoint, OpenInferenceEndpointProps } from './open-inference-endpoint';

/** Properties of a `DeployableOpenInferenceEndpoint`. */
export interface DeployableOpenInferenceEndpointProps extends OpenInferenceEndpointProps {
  /** The model repository: an artifact store that the server reads. */
  readonly repository: IS3ArtifactStore;
  /**
   * The server's runtime for the model, as `implementation` of MLServer's `model-settings.json`.
   * @default 'mlserver_sklearn.SKLearnModel'
   */
  readonly implementation?: string;
}

/**
 * Serves, through a server of the Open Inference Protocol V2, whichever version is deployed to it: its deploy step puts the
 * version into the server's model repository, as `<model>/model.tar.gz` and `<model>/model-settings.json`, and has the
 * server load it.
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
 */
export class DeployableOpenInferenceEndpoint extends OpenInferenceEndpoint implements IDeployableEndpoint {
  private readonly repository: IS3ArtifactStore;
  private readonly implementation: string;

  constructor(scope: Construct, id: string, props: DeployableOpenInferenceEndpointProps) {
    super(scope, id, props);
    check(props, z => ({
      repository: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'uriFor', 'bucketName'),
      implementation: fixed(z, /^[A-Za-z_][\w.]*$/, "a Python class by its dotted name, such as 'mlserver_sklearn.SKLearnModel'"),
    }), 'repository');
    this.repository = props.repository;
    this.implementation = props.implementation ?? 'mlserver_sklearn.SKLearnModel';
  }

  public deploy(scope: Construct, id: string, options: DeployOptions): Step {
    checkDeployFromS3(options);
    const { version, modelUri, sample, store, timeout = Duration.hours(2) } = options;
    const folder = `${this.repository.prefix}${this.model}`;
    const write = () => this.repository.writePolicies(`${this.model}/`);
    // V2 takes a version as part of a path, which an ARN is not fit for.
    const name = `{% $substring($hash(${Jsonata.source(version)}, 'SHA-256'), 0, 12) %}`;
    const settings = `{% $string({'name': '${this.model}', 'implementation': '${this.implementation}', 'parameters': {'uri': './model.tar.gz', 'version': $name}}) %}`;
    return new Step(scope, id, {
      timeout, interval: Duration.seconds(30), variables: { name },
      calls: [
        {
          name: 'copied', resource: 'aws-sdk:s3:copyObject', policies: [...store.readPolicies(MODELS), ...write()],
          arguments: { Bucket: this.repository.bucketName, Key: `${folder}/model.tar.gz`, CopySource: `{% $substringAfter(${Jsonata.source(modelUri)}, 's3://') %}` },
        },
        {
          name: 'described', resource: 'aws-sdk:s3:putObject', policies: write(),
          arguments: { Bucket: this.repository.bucketName, Key: `${folder}/model-settings.json`, Body: settings, ContentType: 'application/json' },
        },
        this.server.request(this, 'loaded', { path: `/v2/repository/models/${this.model}/load`, method: 'POST', body: {} }),
        this.server.request(this, 'ready', { path: `/v2/models/${this.model}`, value: '{% $states.result.ResponseBody[$type($) = "object"] %}', until: '{% $name in $ready.versions %}' }),
        ...sample === undefined ? [] : [this.inference('answered', sample)],
      ],
      result: { endpoint: this.server.url, version },
    });
  }
}
