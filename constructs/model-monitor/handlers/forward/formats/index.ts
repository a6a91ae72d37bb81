import { evidently } from './evidently';
import { Format } from './format';
import { otlp } from './otlp';
import { phoenix } from './phoenix';

/** Every format, by the name that a provider has for it. */
export const FORMATS: { readonly [name: string]: Format } = { evidently, otlp, phoenix };
