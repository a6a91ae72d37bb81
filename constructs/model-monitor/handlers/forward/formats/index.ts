import { evidently } from './evidently';
import { fiddler } from './fiddler';
import { Format } from './format';
import { otlp } from './otlp';
import { phoenix } from './phoenix';
import { whylabs } from './whylabs';

/** Every format, by the name that a provider has for it. */
export const FORMATS: { readonly [name: string]: Format } = { evidently, fiddler, otlp, phoenix, whylabs };
