/** A template made wrong in one place, and who must say so. */
export interface Fault {
  readonly name: string;
  /** The judge that must catch it, by its name in `npm run check`, and the rule that it must name. */
  readonly judge: string;
  readonly rule: string;
  /**
   * Whose template is harmed. Unharmed, it is the fault's twin, which every judge must pass.
   * @default 'examples/compose-your-own'
   */
  readonly app?: string;
  readonly harm: Harm;
}

/** Does the harm to the body of a template; returns the logical id of the resource where a judge must find it. */
export type Harm = (body: any) => string | undefined;

/** Harms the resource of the construct whose path ends in `path`. */
export function at(path: string, harm: (properties: any, resource: any) => unknown): Harm {
  return body => {
    const [[id, resource], ...others] = Object.entries<any>(body.Resources).filter(([, { Metadata }]) => `/${Metadata?.['aws:cdk:path']}`.endsWith(`/${path}`)).concat([['', undefined]]);
    if (others.length !== 1) throw new Error(`'${path}' must be the end of one construct's path, got ${others.length}`);
    const before = JSON.stringify(resource);
    harm(resource.Properties, resource);
    if (JSON.stringify(resource) === before) throw new Error(`'${path}' must be harmed, and is as it was`);
    return id;
  };
}

/** Writes `after` instead of `before`, which stands in the state machine's definition once. */
export function define(path: string, before: string, after: string): Harm {
  return at(path, ({ DefinitionString: { 'Fn::Join': [, parts] } }) => {
    const holds = (part: any) => typeof part === 'string' && part.includes(before);
    if (parts.filter(holds).length !== 1) throw new Error(`'${before}' must stand in one part of ${path}, got ${parts.filter(holds).length}`);
    parts.splice(parts.findIndex(holds), 1, parts.find(holds).replace(before, () => after));
  });
}

/** Adds a statement to the policy of the role at `path`. */
export function allow(path: string, statement: { [field: string]: any }): Harm {
  return at(`${path}/DefaultPolicy/Resource`, ({ PolicyDocument }) => PolicyDocument.Statement.push({ Effect: 'Allow', ...statement }));
}

/** Adds a resource. */
export function add(type: string, properties: { [name: string]: any }): Harm {
  return body => {
    body.Resources.Added = { Type: type, Properties: properties, DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain', Metadata: { 'aws:cdk:path': 'added/Resource' } };
    return 'Added';
  };
}
