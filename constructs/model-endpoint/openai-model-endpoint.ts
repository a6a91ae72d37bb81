import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, AuthScheme, Binding, ExternalEndpoint, Jsonata, Step, StepProps } from '../core';
import { check, FILLED, fixed, got, mapping, mustBe, oneOf, text } from '../core/validation';
import { checkInfer, IModelEndpoint, InferOptions } from './model-endpoint';

/** What a model is asked for. */
export enum OpenAiTask {
  /** An answer. A row is a text, or the messages of a conversation; its prediction is the text of the answer. One request a row. */
  CHAT = 'chat',
  /** What a text means, as a vector. A row is a text; its prediction is a list of numbers. One request for all rows. */
  EMBEDDING = 'embedding',
}

/** Properties of an `OpenAiModelEndpoint`. */
export interface OpenAiModelEndpointProps {
  /** The model's name on the server. */
  readonly model: string;
  /**
   * The https:// URL of the API, up to its version.
   * @default 'https://api.openai.com/v1'
   */
  readonly url?: string;
  /**
   * How the server knows its callers: `Auth.bearer` with an API key; on Azure, `Auth.header` with the name `api-key`.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * What the model is asked for.
   * @default OpenAiTask.CHAT
   */
  readonly task?: OpenAiTask;
  /**
   * What the model is to do with each row, in words; for `OpenAiTask.CHAT` only.
   * @default - none
   */
  readonly instructions?: string;
  /**
   * More fields of each request, such as `temperature`, `max_tokens` or `dimensions`; `{% ... %}` is JSONata.
   * @default - none; the server's own defaults hold
   */
  readonly parameters?: { [name: string]: any };
}

/**
 * Serves through any server with the API of OpenAI (OpenAI, Azure, vLLM, llama.cpp, LiteLLM, Hugging Face) that this stack does not
 * manage. A request and its answer hold at most 256 KB, and an answer takes at most 60 seconds.
 * @see https://platform.openai.com/docs/api-reference
 */
export class OpenAiModelEndpoint extends Construct implements IModelEndpoint {
  private readonly server: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: OpenAiModelEndpointProps) {
    super(scope, id);
    check(props, z => ({
      model: fixed(z, /^[^\s\p{C}][^\p{C}]{0,254}$/u, 'a name of at most 255 characters'),
      task: oneOf(z, Object.values(OpenAiTask), `an OpenAiTask (${Object.values(OpenAiTask).join(', ')})`),
      instructions: props.task === OpenAiTask.EMBEDDING ? mustBe(z, 'left out for OpenAiTask.EMBEDDING, which follows none', () => false) : text(z, ...FILLED),
      parameters: mapping(z).refine(it => !OWN.some(name => name in (it as object)), {
        error: ({ input }) => `must hold none of ${OWN.join(', ')}, which each request has already, ${got(input)}`,
      }),
    }), 'model');
    this.server = new ExternalEndpoint(props.url ?? 'https://api.openai.com/v1', props.auth ?? Auth.none());
    this.server.warnIfLoopback(this);
  }

  public infer(scope: Construct, id: string, options: InferOptions): Step {
    checkInfer(options);
    const rows = `{% ${Jsonata.source(options.instances)} %}`;
    return new Step(scope, id, { timeout: options.timeout, ...this.props.task === OpenAiTask.EMBEDDING ? this.embed(rows) : this.chat(rows) });
  }

  /** In the names that OpenAI's own client libraries read, where the credential is one that they send. */
  public bind(_client: iam.IGrantable): Binding {
    const { scheme, username, credential } = this.server.auth;
    const secret = scheme === AuthScheme.BEARER ? 'OPENAI_API_KEY' : 'MLOPS_INFERENCE_CREDENTIAL';
    return {
      provider: 'openai', address: this.server.url,
      variables: { OPENAI_BASE_URL: this.server.url, MLOPS_INFERENCE_MODEL: this.props.model, ...username !== undefined && { MLOPS_INFERENCE_USERNAME: username } },
      secrets: credential ? { [secret]: credential } : {},
      probes: this.server.probes(secret, { authorized: { path: '/models', expects: { object: 'list' } } }),
    };
  }

  private chat(rows: string): StepProps {
    const { model, instructions, parameters } = this.props;
    const told = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
    // The conversation API takes one row at a time.
    const row = "($row := $rows[$count($answers)]; $type($row) = 'string' ? [{'role': 'user', 'content': $row}] : $row)";
    return {
      variables: { rows, answers: '{% [] %}' },
      calls: [{
        ...this.server.request(this, 'answers', {
          path: '/chat/completions', body: { ...parameters, model, messages: `{% $append(${Jsonata.source(told)}, ${row}) %}` },
          value: `{% ${some("($states.result.ResponseBody.choices)[0].message.content[$type($) = 'string']", '$append($answers, [$found])')} %}`,
          until: '{% $count($answers) >= $count($rows) %}',
        }),
        next: true,
      }],
      result: { predictions: '{% $answers %}' },
    };
  }

  private embed(rows: string): StepProps {
    const { model, parameters } = this.props;
    return {
      variables: { rows },
      calls: [this.server.request(this, 'vectors', {
        path: '/embeddings', body: { ...parameters, model, input: '{% $rows %}' },
        value: `{% ${some('$states.result.ResponseBody.data[$exists(embedding)]', '$count($found) = $count($rows) ? $map($found^(index), function($it) { $it.embedding })[]')} %}`,
      })],
      result: { predictions: '{% $vectors %}' },
    };
  }
}

const OWN = ['model', 'messages', 'input'];

/** JSONata that yields `value`, which may name `$found`, where `found` is there, and nothing where not. */
function some(found: string, value: string): string {
  return `($found := ${found}; $exists($found) ? (${value}))`;
}
