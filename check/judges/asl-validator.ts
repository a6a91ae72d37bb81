import { definitions } from '../definitions';
import { Template } from '../template';
import { Finding, Judge } from './judge';

// eslint-disable-next-line @typescript-eslint/no-require-imports
const validate = require('asl-validator');

/** Amazon States Language: the schema of each state, its transitions and its paths. */
export class AslValidator implements Judge {
  public readonly name = 'asl-validator';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    return templates.flatMap(template => definitions(template).flatMap(({ id, definition }) => validate(definition).errors
      .map((error: any) => ({ template, rule: error['Error code'], message: error.Message ?? JSON.stringify(error), resource: id }))));
  }
}
