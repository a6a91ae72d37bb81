/** One row that a model was asked, and what it answered. */
export interface Inference {
  /** The request's id, and the row's place in it. */
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly features: { readonly [name: string]: unknown };
  readonly prediction: unknown;
}

interface Side {
  readonly observedContentType: string;
  readonly data: string;
  readonly encoding: string;
}

interface Captured {
  readonly captureData: { readonly endpointInput?: Side; readonly endpointOutput?: Side };
  readonly eventMetadata: { readonly eventId: string; readonly inferenceTime: string; readonly inferenceId?: string };
}

/**
 * The rows of a file of captured traffic.
 * @param names the features' names, in the order of the columns; `feature_0` and so on without
 * @throws Error with one line when a row is not understood: what is not understood must not look as if it was watched
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
 */
export function inferences(file: string, names: string[] = []): Inference[] {
  return file.split('\n').filter(line => line.trim()).flatMap((line, index) => {
    try {
      return rowsOf(JSON.parse(line), names);
    } catch (error) {
      throw new Error(`line ${index + 1}: ${(error as Error).message}`, { cause: error });
    }
  });
}

function rowsOf({ captureData, eventMetadata }: Captured, names: string[]): Inference[] {
  const { endpointInput: input, endpointOutput: output } = captureData;
  if (!input || !output) throw new Error("a request must be captured with its answer ('Input' and 'Output')");
  const asked = list(content(input), 'instances');
  const answered = list(content(output), 'predictions');
  if (asked.length !== answered.length) throw new Error(`${asked.length} rows were asked, ${answered.length} answered`);
  const id = eventMetadata.inferenceId ?? eventMetadata.eventId;
  return asked.map((row, index) => ({ id: `${id}-${index}`, at: eventMetadata.inferenceTime, features: named(row, names), prediction: single(answered[index]) }));
}

function content({ observedContentType, data, encoding }: Side): unknown {
  const text = encoding === 'BASE64' ? Buffer.from(data, 'base64').toString('utf8') : data;
  const type = observedContentType.split(';')[0].trim().toLowerCase();
  if (encoding === 'JSON' || type === 'application/json') return JSON.parse(text);
  if (encoding === 'CSV' || type === 'text/csv') return text.split(/\r?\n/).filter(line => line.trim()).map(line => line.split(',').map(value));
  throw new Error(`traffic must be text/csv or application/json, got '${observedContentType}'`);
}

function value(cell: string): unknown {
  const text = cell.trim();
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** A list, or the field of an object that holds it. */
function list(content: any, field: string): unknown[] {
  const found = Array.isArray(content) ? content : content?.[field];
  if (!Array.isArray(found)) throw new Error(`JSON must be a list, or an object with '${field}'`);
  return found;
}

function named(row: unknown, names: string[]): { [name: string]: unknown } {
  if (row !== null && typeof row === 'object' && !Array.isArray(row)) return row as { [name: string]: unknown };
  const cells = Array.isArray(row) ? row : [row];
  if (names.length && names.length !== cells.length) throw new Error(`a row must have ${names.length} features, got ${cells.length}`);
  return Object.fromEntries(cells.map((cell, index) => [names[index] ?? `feature_${index}`, cell]));
}

/** Models answer with a number, or with a row of one. */
const single = (answer: unknown): unknown => Array.isArray(answer) && answer.length === 1 ? answer[0] : answer;
