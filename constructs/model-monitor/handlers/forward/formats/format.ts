import { Inference } from '../inferences';

/** What a format knows besides the rows. */
export interface Settings {
  /** The endpoint's capture address, which says where the rows come from. */
  readonly source: string;
  /** The rows' name as a whole, which they have again when they are sent again. */
  readonly batch: string;
  /** The format's own, by name. */
  readonly options: { readonly [name: string]: any };
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A request to the vendor, after the vendor's URL. */
export interface Outgoing {
  readonly path: string;
  readonly body: unknown;
  /** What a refusal says when the vendor has all of it already. */
  readonly known?: RegExp;
}

/** How a vendor is told: the requests that carry `rows`. */
export type Format = (rows: Inference[], settings: Settings) => Outgoing[];
