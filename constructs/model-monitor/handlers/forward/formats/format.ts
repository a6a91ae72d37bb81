import { Inference } from '../inferences';

/** What a format knows besides the rows. */
export interface Settings {
  /** The endpoint's capture address, which says where the rows come from. */
  readonly source: string;
  /** The format's own, by name. */
  readonly options: { readonly [name: string]: any };
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A request to the vendor, after the vendor's URL. */
export interface Outgoing {
  readonly path: string;
  readonly body: unknown;
}

/** How a vendor is told: the requests that carry `rows`. */
export type Format = (rows: Inference[], settings: Settings) => Outgoing[];
