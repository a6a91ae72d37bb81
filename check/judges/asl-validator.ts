import { definitions } from '../definitions';
import { Template } from '../template';
import { Finding, Judge } from './judge';

// eslint-disable-next-line @typescript-eslint/no-require-imports
const validate = require('asl-validator');

/** What the validator has found. */
interface Fault {
  readonly 'Error code': string;
  readonly Message?: string;
}

/** Amazon States Language: the schema of each state, its transitions and its paths. */
export class AslValidator implements Judge {
  public readonly name = 'asl-validator';
  public readonly quick = false;
  private readonly known = new Map<string, Fault[]>();

  public async judge(templates: Template[]): Promise<Finding[]> {
    return templates.flatMap(template => definitions(template).flatMap(({ id, definition }) => this.errors(definition)
      .map(error => ({ template, rule: error['Error code'], message: error.Message ?? JSON.stringify(error), resource: id }))));
  }

  /** A validation compiles every schema anew, and most templates share their definitions. */
  private errors(definition: unknown): Fault[] {
    const text = JSON.stringify(definition);
    const errors: Fault[] = this.known.get(text) ?? validate(definition).errors;
    this.known.set(text, errors);
    return errors;
  }
}
