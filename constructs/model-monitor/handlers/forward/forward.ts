import type { Caller } from '../../../core/handlers/request/caller';
import { FORMATS } from './formats';
import { Outgoing } from './formats/format';
import { inferences } from './inferences';

/** What the construct says of the vendor. */
export interface Vendor {
  readonly url: string;
  /** The name of the format. */
  readonly format: string;
  readonly options: { readonly [name: string]: any };
  /** The features' names. */
  readonly features?: string[];
  /** The endpoint's capture address. */
  readonly source: string;
}

/** What the forwarder works with. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  now(): number;
  /** The text of an object, by its s3:// address. */
  read(address: string): Promise<string>;
  /** Whom the vendor knows. */
  readonly caller: Pick<Caller, 'answer'>;
}

/** Rows in a request, at most. */
const MOST = 1000;

/** Seconds that a vendor may take for a request. */
const PATIENCE = 20;

/**
 * Tells the vendor of the rows of a file, and returns how many they are.
 * @throws Error with one line when the vendor does not take all of them
 */
export async function forward(address: string, vendor: Vendor, { now, read, caller }: Surroundings): Promise<number> {
  const rows = inferences(await read(address), vendor.features);
  for (let first = 0; first < rows.length; first += MOST) {
    const settings = { source: vendor.source, batch: `${address}#${first}`, options: vendor.options, now: now() };
    for (const outgoing of FORMATS[vendor.format](rows.slice(first, first + MOST), settings)) await post(caller, vendor.url, outgoing);
  }
  return rows.length;
}

/** What an OTLP receiver says of what it did not take. */
interface Taken {
  readonly partialSuccess?: { readonly rejectedDataPoints?: number | string; readonly rejectedLogRecords?: number | string; readonly errorMessage?: string };
}

async function post(caller: Pick<Caller, 'answer'>, url: string, { path, body: RequestBody, known }: Outgoing): Promise<void> {
  const ApiEndpoint = `${url}${path}`;
  const fail = (why: string): never => { throw new Error(`POST ${ApiEndpoint}: ${why.replace(/\s+/g, ' ').trim().slice(0, 200)}`); };
  const { ResponseBody } = await caller.answer({ ApiEndpoint, Method: 'POST', RequestBody, Seconds: PATIENCE })
    .catch(({ name, message }: Error) => known?.test(message) ? { ResponseBody: {} } : fail(`${name} ${message}`));
  if (typeof ResponseBody === 'string' && /^\s*</.test(ResponseBody)) fail(`a page, which no API answers: ${ResponseBody}`);
  const { rejectedDataPoints = 0, rejectedLogRecords = 0, errorMessage } = (ResponseBody as Taken | undefined)?.partialSuccess ?? {};
  if (Number(rejectedDataPoints) + Number(rejectedLogRecords)) fail(`a part was not taken: ${errorMessage}`);
}
