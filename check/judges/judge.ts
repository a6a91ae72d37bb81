import { Template } from '../template';

/** One thing that a judge holds against a template. */
export interface Finding {
  readonly template: Template;
  /** The judge's own name of the rule: what an acknowledgement names. */
  readonly rule: string;
  readonly message: string;
  /** The logical id, where the judge names one. */
  readonly resource?: string;
}

/** A third-party validator of templates, or our own rules. */
export interface Judge {
  readonly name: string;
  /** Whether it belongs to the developer's loop. */
  readonly quick: boolean;
  judge(templates: Template[]): Promise<Finding[]>;
}
