import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';

/** What is said in the code about a rule of a judge that it breaks on purpose. */
export interface Acknowledgement {
  readonly rule: string;
  readonly reason: string;
  /** The construct that it covers, with all below it. */
  readonly path: string;
}

/** A CloudFormation template to be judged, and what its constructs acknowledge. */
export class Template {
  /** The templates of a cloud assembly, each named `<name>` or, where an app has more stacks than one, `<name>/<stack>`. */
  public static ofAssembly(name: string, folder: string): Template[] {
    const { stacks } = new CloudAssembly(folder);
    return stacks.map(stack => {
      const acknowledgements = Object.entries(stack.metadata).flatMap(([path, entries]) => entries
        .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) => Object.entries(data as unknown as { [id: string]: string }))
        .map(([id, reason]) => ({ rule: id.replace(/^Annotation::/i, ''), reason, path: path.slice(1) })));
      return new Template(stacks.length > 1 ? `${name}/${stack.stackName}` : name, join(folder, stack.templateFile), acknowledgements);
    });
  }

  public readonly body: any;

  constructor(public readonly name: string, public readonly file: string, public readonly acknowledgements: Acknowledgement[] = []) {
    this.body = JSON.parse(readFileSync(file, 'utf8'));
  }

  /** The construct behind a resource, or the logical id where none is known. */
  public pathOf(logicalId: string): string {
    return this.body.Resources?.[logicalId]?.Metadata?.['aws:cdk:path'] ?? logicalId;
  }

  /** The resource that a line of the file, from 1, belongs to: aws-cdk-lib indents by one space a level. */
  public resourceAt(line: number): string | undefined {
    const names = readFileSync(this.file, 'utf8').split('\n').slice(0, line).map(text => /^ {2}"(\w+)": \{/.exec(text)?.[1]);
    const id = names.reverse().find(name => name !== undefined);
    return id !== undefined && this.body.Resources?.[id] ? id : undefined;
  }

  /** What acknowledges `rule` at `resource`, if anything does. */
  public acknowledgementOf(rule: string, resource?: string): Acknowledgement | undefined {
    const path = resource === undefined ? '' : this.pathOf(resource);
    return this.acknowledgements.find(each => each.rule === rule.replace(/ /g, '-') && (path === each.path || path.startsWith(`${each.path}/`)));
  }

  /** The resources of `type`, by logical id. */
  public resources(type: string): [string, any][] {
    return Object.entries<any>(this.body.Resources ?? {}).filter(([, resource]) => resource.Type === type);
  }
}
