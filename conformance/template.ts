/** What a deployment in aws, us-east-1, account 000000000000 makes of the pseudo parameters. */
const PSEUDO: { [name: string]: string } = {
  'AWS::Partition': 'aws', 'AWS::Region': 'us-east-1', 'AWS::AccountId': '000000000000', 'AWS::URLSuffix': 'amazonaws.com', 'AWS::StackName': 'test',
};

/** A value of a template as text: a reference reads `<LogicalId>` or `<LogicalId.Attribute>`. */
export function render(value: any): any {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(render);
  if ('Ref' in value) return PSEUDO[value.Ref] ?? `<${value.Ref}>`;
  if (typeof value['Fn::Sub'] === 'string') return value['Fn::Sub'].replace(/\$\{([^}]+)\}/g, (_all: string, name: string) => render({ Ref: name }));
  if ('Fn::GetAtt' in value) return `<${[value['Fn::GetAtt']].flat().join('.')}>`;
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'];
    return parts.map(render).join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, render(inner)]));
}

/** The definition (ASL) of a state machine, a resource of a template. */
export function definitionOf({ Properties }: any): any {
  return JSON.parse(render(Properties.DefinitionString));
}

/** Every state of a definition by its name, those inside of steps too. */
export function states(asl: any): { [name: string]: any } {
  return Object.entries<any>(asl.States ?? {}).reduce((all, [name, state]) => ({
    ...all, [name]: state, ...(state.Branches ?? []).map(states).reduce((one: object, other: object) => ({ ...one, ...other }), {}),
  }), {});
}

/** A statement of a policy of a role, user or group. */
export interface Statement {
  /** The policy, or the role that holds it, by its key. */
  readonly policy: string;
  readonly actions: string[];
  readonly resources: string[];
}

/** What the roles, users and groups among `resources` are allowed, rendered. */
export function allowed(resources: { [key: string]: any }): Statement[] {
  return Object.entries(resources).filter(([, { Type }]) => Type.startsWith('AWS::IAM::')).flatMap(([policy, { Properties = {} }]) => {
    const documents = [Properties.PolicyDocument, ...(Properties.Policies ?? []).map(({ PolicyDocument }: any) => PolicyDocument)];
    return documents.flatMap(document => document?.Statement ?? []).filter(({ Effect }) => Effect === 'Allow')
      // NotAction and NotResource allow whatever they do not name.
      .map(({ Action = '*', Resource = '*' }) => ({ policy, actions: [Action].flat(), resources: [Resource].flat().map(render) }));
  });
}
