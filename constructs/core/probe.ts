import { Credentials } from './credentials';

/** What a probe shows of an outside service. */
export enum ProbeSubject {
  /** That it lives. Nobody has to be known for it. */
  ALIVE = 'alive',
  /** That it takes the credential, which a service that lives need not. */
  AUTHORIZED = 'authorized',
  /** That it speaks a version that is supported. */
  VERSION = 'version',
}

/** A request that changes nothing and shows how an outside service is: `npm run doctor` makes it. */
export interface Probe extends Credentials {
  /** What it shows. */
  readonly shows: ProbeSubject;
  /** The https:// URL. */
  readonly url: string;
  /**
   * The HTTP method.
   * @default - POST with a body, GET without
   */
  readonly method?: string;
  /**
   * Fields that the answer, a JSON object below status 400, must have; `{}` is any object.
   * @default - what answers below status 500 lives, and what does not answer 401 or 403 takes the credential
   */
  readonly expects?: { [field: string]: any };
  /**
   * A regular expression that is found in the answer's text.
   * @default - any text
   */
  readonly matches?: string;
}
