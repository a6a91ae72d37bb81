import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsPlatform, VendorPlatform } from '../../examples/bring-your-own-vendor/platform';

/** The two platforms, under one name. */
function resources(Platform: new (scope: App, id: string) => Stack) {
  const stack = new Platform(new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } }), 'platform');
  const { Resources } = Template.fromStack(stack).toJSON();
  const paths = Object.fromEntries(stack.node.findAll().flatMap(({ node }) => {
    const logicalId = (node as any).host?.logicalId;
    return logicalId ? [[stack.resolve(logicalId), node.path]] : [];
  }));
  return { Resources, paths };
}

const aws = resources(AwsPlatform);
const vendor = resources(VendorPlatform);
const all = [...new Set([...Object.keys(aws.Resources), ...Object.keys(vendor.Resources)])];
const changed = all.filter(id => JSON.stringify(aws.Resources[id]) !== JSON.stringify(vendor.Resources[id]));
const pathOf = (id: string): string => aws.paths[id] ?? vendor.paths[id];

const SWAPPED = /^platform\/(ExperimentTracker|ModelEndpoint|Repository|RepositoryBucket|TrackerSecret)(\/|$)/;
const PUBLISHED = /^platform\/Publish-(experiment-tracker|model-endpoint)\/Resource$/;

/** The states of a machine and of the steps in it, by name. */
function states(machine: any): { [name: string]: any } {
  const text = machine.Properties.DefinitionString['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part : JSON.stringify(part).replace(/"/g, "'")).join('');
  const collect = (level: any): [string, any][] => Object.entries<any>(level.States).flatMap(([name, { Branches, ...state }]) => [
    [name, state] as [string, any], ...(Branches ?? []).flatMap(collect),
  ]);
  return Object.fromEntries(collect(JSON.parse(text)));
}

function changedStates(machine: string): string[] {
  const [before, after] = [states(aws.Resources[machine]), states(vendor.Resources[machine])];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

const machine = (name: string) => all.find(id => pathOf(id) === `platform/Orchestrator/${name}/Resource`)!;

test('the swap changes something', () => {
  expect(changed.some(id => pathOf(id).startsWith('platform/ExperimentTracker'))).toBe(true);
  expect(changed.some(id => pathOf(id).startsWith('platform/ModelEndpoint'))).toBe(true);
});

test('outside the two components and what is published of them, only policies and the two pipelines change', () => {
  const outside = changed.filter(id => !SWAPPED.test(pathOf(id)) && !PUBLISHED.test(pathOf(id))).map(pathOf).sort();

  expect(outside).toEqual([
    'platform/ModelTrainer/Role/DefaultPolicy/Resource',
    'platform/Orchestrator/deployment/Resource',
    'platform/Orchestrator/deployment/Role/DefaultPolicy/Resource',
    'platform/Orchestrator/training/Resource',
  ]);
});

test('in the training pipeline, only the environment that the tracker binds to the job changes', () => {
  expect(changedStates(machine('training'))).toEqual(['Train: job']);
  const [before, after] = [aws, vendor].map(({ Resources }) => states(Resources[machine('training')])['Train: job']);
  const { Environment: awsEnvironment, ...awsRest } = before.Arguments;
  const { Environment: vendorEnvironment, ...vendorRest } = after.Arguments;
  expect({ ...before, Arguments: awsRest }).toEqual({ ...after, Arguments: vendorRest });
  const names = Object.keys({ ...awsEnvironment, ...vendorEnvironment }).filter(name => awsEnvironment[name] !== vendorEnvironment[name]);
  expect(names.sort()).toEqual(['MLFLOW_TRACKING_URI', 'MLFLOW_TRACKING_USERNAME', 'MLOPS_SECRET_MLFLOW_TRACKING_PASSWORD']);
});

test("in the deployment pipeline, only the endpoint's own step changes", () => {
  const names = changedStates(machine('deployment'));

  expect(names.length).toBeGreaterThan(0);
  expect(names.filter(name => !name.startsWith('Deploy: '))).toEqual([]);
});

test('the machines change in nothing but their definition', () => {
  for (const id of [machine('training'), machine('deployment')]) {
    const rest = ({ Resources }: typeof aws) => ({ ...Resources[id], Properties: { ...Resources[id].Properties, DefinitionString: undefined } });
    expect(rest(aws)).toEqual(rest(vendor));
  }
});

/** What a policy allows, action by action and resource by resource. */
function permissions(policy: any): string[] {
  const list = (value: any) => Array.isArray(value) ? value : [value];
  return list(policy.Properties.PolicyDocument.Statement).flatMap(({ Action, Resource, Condition }) => list(Action).flatMap(action => list(Resource)
    .map(resource => `${action} ${JSON.stringify([resource, Condition]).replace(/[^\w/.:*-]+/g, ' ').trim()}`)));
}

test('the roles of trainer and pipelines gain and lose only what the two components are used by', () => {
  const used = /ExperimentTracker|ModelEndpoint|modelendpoint|mlflow|models\/|inference\.example\.org/;
  const belongs = [
    // The vendor's model repository gets a copy of the model, encrypted with the store's key: these name the store.
    /^s3:GetObject .*training\//, /^s3:ListBucket .*ArtifactStore/, /^kms:(GenerateDataKey|Decrypt) .*ArtifactStore/,
    // The API takes no narrower resource; the condition names the vendor.
    /^states:InvokeHTTPEndpoint/,
  ];
  for (const id of changed.filter(name => pathOf(name).endsWith('Policy/Resource') && !SWAPPED.test(pathOf(name)))) {
    const [before, after] = [aws, vendor].map(({ Resources }) => permissions(Resources[id]));
    const moved = [...before.filter(one => !after.includes(one)), ...after.filter(one => !before.includes(one))];
    expect(moved.filter(one => !used.test(one) && !belongs.some(pattern => pattern.test(one)))).toEqual([]);
  }
});
