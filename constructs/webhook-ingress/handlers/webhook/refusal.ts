/** Why a request is refused. */
export class Refusal extends Error {
  constructor(public readonly statusCode: number, message: string) {
    super(message);
  }
}
