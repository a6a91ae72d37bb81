import * as iam from 'aws-cdk-lib/aws-iam';

/** How a step reads an object as text. */
export interface ObjectRead {
  /** The call, without a `value`. */
  readonly call: Call;
  /** JSONata over `$states.result`, without `{% %}`: the text. */
  readonly text: string;
}

/** One call that a step makes. `$<name>` holds its result for the calls after it; where it was left out, `null`. */
export interface Call {
  /** The variable that holds the result; starts with a lower-case letter. */
  readonly name: string;
  /** The Step Functions integration, such as `sagemaker:createTrainingJob.sync`, `aws-sdk:s3:getObject` or `http:invoke`; or a function's ARN. */
  readonly resource: string;
  /** Its arguments; a string `{% ... %}` anywhere inside is JSONata. */
  readonly arguments: { [name: string]: any };
  /** What the state machine needs to be allowed. */
  readonly policies: iam.PolicyStatement[];
  /**
   * JSONata over `$states.result`; what `$<name>` holds. Worked out by the call itself, so that an answer which is not what
   * it should be (this yields nothing, or throws) is a failure of the call.
   * @default - the whole result
   */
  readonly value?: any;
  /**
   * JSONata; the call is made only when it holds.
   * @default - always
   */
  readonly when?: string;
  /**
   * JSONata; the call is repeated until it holds.
   * @default - made once
   */
  readonly until?: string;
  /**
   * Whether a repeat is the next part of the work, made at once, rather than the same question, asked again after a wait.
   * @default false
   */
  readonly next?: boolean;
  /**
   * Asks, once, for the end of the work when the step's deadline passes while this call is repeated. The step fails with `Mlops.Timeout`
   * all the same, whatever is answered.
   * @default - the work goes on
   */
  readonly cancel?: Call;
  /**
   * The earlier call from which each repeat starts.
   * @default - this call
   */
  readonly repeatFrom?: string;
  /**
   * JSONata; the work has failed when it holds.
   * @default - only when the call itself fails
   */
  readonly failed?: string;
  /**
   * JSONata; why the work has failed, in a sentence.
   * @default - the call's whole result
   */
  readonly cause?: string;
  /**
   * JSONata; where the log of the work is.
   * @default - the execution
   */
  readonly log?: string;
  /**
   * Errors after which the next call is made all the same; `$<name>` then holds `Error` and `Cause`.
   * @default - none
   */
  readonly accept?: string[];
  /**
   * A regular expression that the cause of an accepted error must match. SageMaker reports most refusals under one error
   * name, so that the name alone would hide a missing permission.
   * @default - any cause
   */
  readonly acceptCause?: string;
}
