import * as iam from 'aws-cdk-lib/aws-iam';
import { Call } from './call';
import { Jsonata } from './jsonata';
import { Step } from './step';

/** What an artifact store says of itself. */
interface Store {
  readonly bucketName: string;
  readonly prefix: string;
  uriFor(path: string): string;
  readPolicies(path?: string): iam.PolicyStatement[];
}

/** What work that runs elsewhere leaves for the step that waits for it: `outputs.json`, in a folder of the store that is the run's own. */
export class Outputs {
  /** The run's folder, without a `/` at the end: what else the work leaves, such as a model, lies beside `outputs.json`. */
  public readonly folder: string;
  /** The address of `outputs.json`. */
  public readonly uri: string;

  /** @param path the folder of the runs, from the store's root on, with a `/` at the end */
  constructor(private readonly store: Store, private readonly path: string) {
    this.folder = Jsonata.join(store.uriFor(path), Step.KEY);
    this.uri = Jsonata.join(this.folder, '/outputs.json');
  }

  /**
   * Reads what the work has left, as the call `left`.
   * @param values name to a value, or JSONata in which `$output` is what the work has left, and `$<name>` what `known` says
   */
  public read(values: { [name: string]: any }, known: { [name: string]: string } = {}): Call {
    const { bucketName, prefix } = this.store;
    return {
      name: 'left', resource: 'aws-sdk:s3:getObject', policies: this.store.readPolicies(this.path), log: this.uri,
      arguments: { Bucket: bucketName, Key: Jsonata.join(`${prefix}${this.path}`, Step.KEY, '/outputs.json') },
      value: Jsonata.within({ ...known, output: '{% $parse($states.result.Body) %}' }, values),
    };
  }

  /** The result of a step, once `left` is there. */
  public result(values: { [name: string]: any }): { [name: string]: string } {
    return Object.fromEntries(Object.keys(values).map(name => [name, `{% $lookup($left, ${Jsonata.source(name)}) %}`]));
  }
}
