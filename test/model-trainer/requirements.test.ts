import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { RayModelTrainer } from '../../lib';
import { definition } from '../support/template';
import { setting, training } from './fixture';

const folder = mkdtempSync(join(tmpdir(), 'requirements-test-'));
writeFileSync(join(folder, 'train.py'), '');
afterAll(() => rmSync(folder, { recursive: true }));

/** What a job on Ray is submitted with, whose source has these requirements. */
function submitted(requirements?: string): any {
  if (requirements !== undefined) writeFileSync(join(folder, 'requirements.txt'), requirements);
  const { stack, artifactStore } = setting();
  const { States } = definition(training(stack, new RayModelTrainer(stack, 'Trainer', { url: 'https://ray.acme.dev', artifactStore }), { source: folder })).States.Train.Branches[0];
  return Object.values<any>(States).find(state => state.Arguments?.RequestBody).Arguments.RequestBody.runtime_env;
}

test('a job brings what its script needs, and nothing where that is nothing', () => {
  expect(submitted()).not.toHaveProperty('pip');
  expect(submitted('\n# none\n  \n')).not.toHaveProperty('pip');
  expect(submitted('# of the tracker\r\nmlflow-skinny==3.17.2\r\n\r\n--extra-index-url https://pypi.acme.dev/simple\nfraud[gpu] >= 1 \\\n    --hash=sha256:0123\n').pip)
    .toEqual(['mlflow-skinny==3.17.2', '--extra-index-url https://pypi.acme.dev/simple', 'fraud[gpu] >= 1 \\', '--hash=sha256:0123']);
});

test.each(['-r more.txt', '-c limits.txt', '--requirement=more.txt', '--constraint limits.txt', '-e .', './wheels/fraud-1.whl', '../fraud', '/opt/fraud'])('%s is a file that the cluster does not have', line => {
  expect(() => submitted(`pandas\n${line}\n`))
    .toThrow(new Error(`'source' must have a requirements.txt that names packages alone, got '${line}': the cluster installs them before it has the folder`));
});

test('a request holds so many', () => {
  const most = 'pandas==2.3.3\n'.repeat(7142).padEnd(100_000, ' ');

  expect(submitted(most).pip).toHaveLength(7142);
  expect(() => submitted(`${most} `)).toThrow(new Error("'source' must have a requirements.txt of at most 100000 characters, got 100001: put the packages into the cluster's image"));
});
