import { Answer, Caller, Request } from './caller';
import { send } from './http';
import { identity, secretReader } from './secret';

const { SERVICE_URL, ELSEWHERE, CREDENTIALS, SECRET_ARN, SECRET_FIELD } = process.env as { [name: string]: string };

const caller = new Caller({ url: SERVICE_URL, credentials: JSON.parse(CREDENTIALS), elsewhere: ELSEWHERE === 'true' }, { now: () => Date.now(), secret: secretReader(SECRET_ARN, SECRET_FIELD), identity, send });

export const handler = (request: Request): Promise<Answer> => caller.answer(request);
