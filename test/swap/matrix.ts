import { readdirSync, readFileSync } from 'fs';
import { join, parse as parsePath } from 'path';
import { App } from 'aws-cdk-lib';
import { parse } from 'yaml';
import { MlopsStack } from '../../lib';
import { COMPONENTS } from '../../lib/stack-file';
import { Snapshot, strays, Swapped } from './difference';

type Settings = { [section: string]: any };

/** One provider in the place of the default one, in the full stack. */
export interface Swap {
  readonly section: string;
  readonly provider: string;
  /** The stack of check/stacks that has it. */
  readonly stack: string;
  /** The provider's block of that stack. */
  readonly block: Settings;
  /** What else that stack says. */
  readonly rest: Settings;
}

/** What becomes of a swap. */
export interface Outcome {
  /** The line in which the stack with all other components on AWS refuses it. */
  readonly refused?: string;
  /** Where it strays: in the stack on AWS, or, where that refuses it, in the stack of check/stacks. */
  readonly strays: string[];
}

/** Each section of the stack file: its construct, its name to the outside, its steps in the loop. */
export const SECTIONS: { [section: string]: Swapped } = {
  store: { id: 'ArtifactStore', published: 'artifact-store', steps: ['Sample'] },
  tracker: { id: 'ExperimentTracker', published: 'experiment-tracker', clients: ['Train'], given: ['ArtifactStore'] },
  trainer: { id: 'ModelTrainer', published: 'model-trainer', steps: ['Train'], given: ['ArtifactStore'] },
  registry: { id: 'ModelRegistry', published: 'model-registry', steps: ['Register', 'Approve', 'Resolve'] },
  endpoint: { id: 'ModelEndpoint', published: 'model-endpoint', steps: ['Deploy'], given: ['ArtifactStore'] },
  monitor: { id: 'ModelMonitor', published: 'model-monitor', followers: ['Loop/Alerts/ModelUnhealthy'] },
  orchestrator: { id: 'Orchestrator', published: 'orchestrator', steps: ['Holder', 'Inspect'] },
  alerter: { id: 'Alerter', published: 'alerter', steps: ['Ask', 'Tell', 'Notify', 'NotifyUnhealthy'] },
};

const STACKS = join(__dirname, '../../check/stacks');
const judged: [string, Settings][] = readdirSync(STACKS).sort().map(file => [parsePath(file).name, parse(readFileSync(join(STACKS, file), 'utf8'))]);

/** Every provider of the catalogue but the defaults, which the others take the place of. */
export function swaps(): Swap[] {
  return Object.entries(COMPONENTS).flatMap(([section, providers]) => Object.keys(providers).slice(1).map(provider => {
    const found = judged.find(([, settings]) => settings[section]?.provider === provider);
    if (!found) throw new Error(`a stack in check/stacks must have '${section}: { provider: ${provider}, ... }', got none`);
    const [stack, { name: _, [section]: block, ...rest }] = found;
    return { section, provider, stack, block, rest };
  }));
}

export function outcome({ section, block, rest }: Swap): Outcome {
  const names = Object.values(block).flat().filter((it): it is string => typeof it === 'string');
  const between = (others: Settings) => strays(snapshot(others), snapshot({ ...others, [section]: block }), { ...SECTIONS[section], names });
  const refused = refusal({ [section]: block });
  return { refused, strays: between(refused === undefined ? {} : rest) };
}

const known: { [settings: string]: Snapshot } = {};

/** The full stack with these settings. */
export function snapshot(settings: Settings): Snapshot {
  return known[JSON.stringify(settings)] ??= Snapshot.of(app => new MlopsStack(app, 'mlops', { settings }));
}

function refusal(settings: Settings): string | undefined {
  try {
    new MlopsStack(new App({ analyticsReporting: false }), 'mlops', { settings });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
