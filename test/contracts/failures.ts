import { ConformanceCase } from '../../conformance';

/** The cases that fail, and why. */
export function failures(cases: ConformanceCase[]): { [name: string]: string } {
  return Object.fromEntries(cases.flatMap(({ name, run }) => {
    try {
      run();
      return [];
    } catch (error) {
      return [[name, (error as Error).message]];
    }
  }));
}
