import type * as Zod from 'zod';
import { expression, filledJson, fixed, got, headers, integer, mustBe, oneOf, Schemas, textOrJsonata } from '../core/validation';

/** How a job is submitted. */
export interface HttpsSubmission {
  /** After the URL, from the `/`; may be JSONata, as `body`. */
  readonly path: string;
  /**
   * The HTTP method.
   * @default POST
   */
  readonly method?: string;
  /**
   * The body. A string `{% ... %}` anywhere inside is JSONata, in which `$key` is a name that is the job's own, so that a repeat finds it,
   * `$run` the run's id, `$outputs` the s3:// address where the job leaves `outputs.json`, and `$inputs`, `$hyperparameters` and
   * `$environment` are mappings of names to texts. Path, body or headers hold `$key`.
   */
  readonly body: any;
  /**
   * Headers, by name, such as `Idempotency-Key`; a value may be JSONata, as `body`.
   * @default - none
   */
  readonly headers?: { [name: string]: string };
  /**
   * The job's id: JSONata over `$states.result.ResponseBody`, for a service that answers a repeat with the job that it has.
   * @default {% $key %}
   */
  readonly job?: string;
  /**
   * The status, from 400 to 599, that a repeat is refused with, by a service that knows its jobs as `$key`.
   * @default - a repeat is not refused
   */
  readonly existsStatus?: number;
  /**
   * A regular expression that is found in such a refusal.
   * @default - any refusal with this status
   */
  readonly existsCause?: string;
}

/** How a job is asked after, with GET. */
export interface HttpsStatus {
  /** After the URL, from the `/`; may be JSONata, in which `$job` is the job's id, as text. */
  readonly path: string;
  /**
   * The query string, by name; a value may be JSONata, as `path`.
   * @default - none
   */
  readonly query?: { [name: string]: string };
  /** The job's state: JSONata over `$states.result.ResponseBody`. */
  readonly state: string;
  /** The states of a job that did its work. */
  readonly succeeded: string[];
  /** The states of a job that did not; in any other it is on its way. */
  readonly failed: string[];
  /**
   * Why a job is in its state: JSONata over `$states.result.ResponseBody`, which may find nothing.
   * @default - the state says enough
   */
  readonly reason?: string;
  /**
   * Where people find the job's log, after the URL; may be JSONata, as `path`.
   * @default - the path
   */
  readonly log?: string;
}

/** How the end of a job is asked for. */
export interface HttpsCancellation {
  /** After the URL, from the `/`; may be JSONata, in which `$job` is the job's id, as text. */
  readonly path: string;
  /**
   * The HTTP method.
   * @default POST
   */
  readonly method?: string;
  /**
   * The body; a string `{% ... %}` anywhere inside is JSONata, as `path`.
   * @default - none
   */
  readonly body?: any;
}

/** The schemas of the three. */
export function mappings(z: typeof Zod): Schemas {
  const path = textOrJsonata(z, /^\//, "a path from the '/' on, or JSONata");
  const method = oneOf(z, ['POST', 'PUT', 'PATCH', 'DELETE'], 'one of POST, PUT, PATCH, DELETE').optional();
  const states = z.array(fixed(z, /^[^\0]+$/, 'the name of a state')).min(1, { error: 'must name one state at least, got []' });
  return {
    submit: z.object({
      path, method, body: filledJson(z), headers: headers(z).optional(), job: expression(z).optional(), existsStatus: integer(z, 400, 599).optional(),
      existsCause: mustBe(z, 'a regular expression', isRegularExpression).optional(),
    }).superRefine(({ path: at, body, headers: shown, job, existsStatus, existsCause }, context) => {
      const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
      if (!/\$key\b/.test(JSON.stringify([at, body, shown]))) refuse('body', `must hold JSONata with $key, by which a repeat finds the job, ${got(body)}`);
      if (job !== undefined && existsStatus !== undefined) refuse('existsStatus', `must be left out with 'job', ${got(existsStatus)}: a refusal holds no id`);
      if (existsCause !== undefined && existsStatus === undefined) refuse('existsCause', `must be left out without 'existsStatus', ${got(existsCause)}`);
    }),
    status: z.object({
      path, log: path.optional(), query: z.record(z.string(), fixed(z, /^/, 'a text')).optional(), state: expression(z), succeeded: states, failed: states, reason: expression(z).optional(),
    }),
    cancel: z.object({ path, method, body: filledJson(z).optional() }),
  };
}

/** A pattern stands between two `/` in JSONata. */
function isRegularExpression(it: unknown): boolean {
  if (typeof it !== 'string' || !it || /(^|[^\\])(\\\\)*\//.test(it)) return false;
  try {
    return Boolean(new RegExp(it));
  } catch {
    return false;
  }
}
