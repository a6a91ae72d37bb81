import { ChildProcess, spawn } from 'child_process';
import { join } from 'path';

/** What Lambda's Node.js runtime does around a handler: JSON in, JSON out, and an error by its type, message and trace. */
const RUNTIME = `
const { handler } = require(process.argv[1]);
process.on('message', async ({ id, event }) => {
  try {
    process.send({ id, answer: await handler(event) ?? null });
  } catch (error) {
    process.send({ id, error: { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\\n') } });
  }
});
`;

/** An error as a function reports it. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: string[];
}

/** A function that is deployed from `dist/handlers`, in a process of its own. */
export class RunningFunction {
  private readonly process: ChildProcess;
  private readonly waiting = new Map<number, (reply: { answer?: any; error?: FunctionError }) => void>();
  private count = 0;

  constructor(handler: string, environment: { [name: string]: string }) {
    const file = join(__dirname, '..', '..', 'dist', 'handlers', handler, 'index.js');
    this.process = spawn(process.execPath, ['-e', RUNTIME, file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...environment } });
    this.process.on('message', ({ id, ...reply }: any) => this.waiting.get(id)!(reply));
  }

  /** @throws FunctionError */
  public async invoke(event: object): Promise<any> {
    const id = this.count++;
    const { answer, error } = await new Promise<{ answer?: any; error?: FunctionError }>(resolve => {
      this.waiting.set(id, resolve);
      this.process.send({ id, event });
    });
    if (error) throw error;
    return answer;
  }

  public stop(): void {
    this.process.kill();
  }
}
