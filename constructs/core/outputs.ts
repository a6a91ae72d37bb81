import { Call, ObjectRead } from './call';
import { Jsonata } from './jsonata';
import { Step } from './step';

/** What an artifact store says of itself. */
interface Store {
  uriFor(path: string): string;
  read(name: string, path: string, rest?: string): ObjectRead;
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
    const { call, text } = this.store.read('left', this.path, Jsonata.join(Step.KEY, '/outputs.json'));
    return { ...call, log: this.uri, value: Jsonata.within({ ...known, output: `{% $parse(${text}) %}` }, values) };
  }

  /** The result of a step, once `left` is there. */
  public result(values: { [name: string]: any }): { [name: string]: string } {
    return Object.fromEntries(Object.keys(values).map(name => [name, `{% $lookup($left, ${Jsonata.source(name)}) %}`]));
  }
}
