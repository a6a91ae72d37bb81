import { fieldOf, filled } from '../credential';

/** What a rule hands over when a secret has a new value. */
export interface Rotation {
  /** The secret's ARN. */
  readonly secret: string;
  readonly field?: string;
  /** What the connection is updated to; `${CREDENTIAL}` stands for the value. */
  readonly connection: Connection;
}

export interface Connection {
  readonly Name: string;
  readonly AuthorizationType: string;
  readonly AuthParameters: { readonly [name: string]: any };
}

/** The connection with the new value. @throws Error that does not repeat it */
export function updated({ secret, field, connection }: Rotation, text: string): Connection {
  const value = field === undefined ? text : fieldOf(text, field);
  if (!value) throw new Error(field === undefined ? `'${secret}' is empty` : `'${secret}' is no JSON object with a text in its field '${field}'`);
  return filled(connection, 'CREDENTIAL', value);
}
