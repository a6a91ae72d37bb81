import { readFileSync } from 'fs';
import { join } from 'path';
import { CALLS, FAULTS } from '.';
import { JUDGES } from '../../check/judges';
import { ENDPOINT_INSTANCE_TYPES, hasLocalNvme, TRAINING_INSTANCE_TYPES } from '../../constructs/sagemaker/instance-types';

// `npm run check -- --faults` has them judged.
test('there are 60 seeded faults, each with its own name', () => {
  const names = [...FAULTS, ...CALLS].map(({ name }) => name);
  expect(names).toHaveLength(60);
  expect(new Set(names).size).toBe(60);
});

test('each judge has a fault to catch, and no other is named', () => {
  expect([...new Set(FAULTS.map(({ judge }) => judge))].sort()).toEqual(JUDGES.map(({ name }) => name).sort());
});

test('our rules know the instance types with local storage that the library knows', () => {
  const [, pattern] = /^let local = \/(.*)\/$/m.exec(readFileSync(join(__dirname, '../../check/rules/local-storage.guard'), 'utf8'))!;
  for (const type of [...TRAINING_INSTANCE_TYPES, ...ENDPOINT_INSTANCE_TYPES]) expect([type, new RegExp(pattern).test(type)]).toEqual([type, hasLocalNvme(type)]);
});
