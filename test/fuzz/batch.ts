import { writeFileSync } from 'fs';
import { Acknowledgement, Template } from '../../check/template';

/** CloudFormation's limits are 500 resources and 1,000,000 bytes. */
const MOST = { resources: 400, bytes: 800_000 };

/** Templates put together, each resource once, so that judges whose cost is per resource see every variant but no repeat. */
export class Batch {
  private readonly seen = new Set<string>();
  private readonly origins: { [id: string]: string } = {};
  private readonly acknowledgements: { [key: string]: Acknowledgement } = {};
  private readonly parts: Part[] = [new Part()];

  /** @param origin what the template was made of */
  public add(template: Template, origin: string): void {
    template.acknowledgements.forEach(each => (this.acknowledgements[`${each.path} ${each.rule}`] = each));
    const identities = Object.entries(template.body.Resources ?? {}).map(([id, resource]) => identity(id, resource));
    if (identities.every(each => this.seen.has(each))) return;
    identities.forEach(each => this.seen.add(each));
    const last = this.parts[this.parts.length - 1];
    const part = last.holds(identities) ? last : new Part();
    if (part !== last) this.parts.push(part);
    part.add(template.body).forEach(id => (this.origins[id] = origin));
  }

  /** The templates, written to `<path><number>.json`. */
  public templates(path: string): Template[] {
    return this.parts.filter(part => part.body.Resources).map((part, index) => {
      const file = `${path}${index}.json`;
      writeFileSync(file, JSON.stringify(part.body, undefined, 1));
      return new Template(file, file, Object.values(this.acknowledgements));
    });
  }

  /** What brought a resource. */
  public origin(id: string = ''): string {
    return this.origins[id] ?? 'unknown';
  }
}

/** One template of a batch. */
class Part {
  public readonly body: { [section: string]: any } = {};
  private readonly ids: { [identity: string]: string } = {};
  private bytes = 0;

  /** Whether there is room for what is new of `identities`. */
  public holds(identities: string[]): boolean {
    const fresh = identities.filter(each => this.ids[each] === undefined);
    return Object.keys(this.ids).length + fresh.length <= MOST.resources && this.bytes + fresh.join().length <= MOST.bytes;
  }

  /** Adds a template; returns the ids of the resources that are new. */
  public add({ Resources, Outputs: _, ...sections }: any): string[] {
    const fresh: string[] = [];
    const names = Object.fromEntries(Object.entries(Resources).map(([id, resource]) => {
      const key = identity(id, resource);
      if (this.ids[key] === undefined) {
        fresh.push(id);
        this.bytes += key.length;
        this.ids[key] = `${id}x${Object.keys(this.ids).length}`;
      }
      return [id, this.ids[key]];
    }));
    for (const [section, content] of Object.entries<any>(sections)) this.body[section] = typeof content === 'object' ? { ...this.body[section], ...content } : content;
    this.body.Resources = { ...this.body.Resources, ...Object.fromEntries(fresh.map(id => [names[id], rename(Resources[id], names)])) };
    return fresh.map(id => names[id]);
  }
}

function identity(id: string, resource: unknown): string {
  return `${id} ${JSON.stringify(resource)}`;
}

/** `value` with every reference to a resource under its new name. */
function rename(value: any, names: { [id: string]: string }): any {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inner => rename(inner, names));
  return Object.fromEntries(Object.entries<any>(value).map(([field, inner]) => {
    if (field === 'Ref') return [field, names[inner] ?? inner];
    if (field === 'Fn::GetAtt' && Array.isArray(inner)) return [field, [names[inner[0]] ?? inner[0], ...inner.slice(1)]];
    if (field === 'DependsOn') return [field, [inner].flat().map(id => names[id] ?? id)];
    return [field, rename(inner, names)];
  }));
}
