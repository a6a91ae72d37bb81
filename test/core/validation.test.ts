import { App, Aws, Duration, Lazy, SecretValue, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import {
  check, duration, expression, FILLED, filledJson, fixed, flag, got, integer, isJson, isPlain, json, like, mapping, mustBe, nearest, number, oneOf, shown, text,
} from '../../constructs/core/validation';

/** Why `value` is refused, or nothing. */
function refused(value: any, schema: (z: any) => any, ...required: string[]): string | undefined {
  try {
    check({ field: value }, z => ({ field: schema(z) }), ...required);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Which of `values` are taken. */
const taken = (values: any[], schema: (z: any) => any) => values.filter(value => refused(value, schema, 'field') === undefined);

const LATER = 'got a value that only the deployment knows';
const lazy = { text: Lazy.string({ produce: () => 'x y' }), number: Lazy.number({ produce: () => 9 }), list: Lazy.list({ produce: () => ['x'] }), any: Lazy.any({ produce: () => 'x' }) };

describe('a check', () => {
  const word = (z: any) => text(z, /^\w+$/, 'a word');

  test('takes what is right, and what is not set', () => {
    expect(refused('word', word)).toBeUndefined();
    expect(refused(undefined, word)).toBeUndefined();
  });

  test('refuses what is not set and required', () => {
    expect(refused(undefined, word, 'field')).toBe("'field' must be a word, got undefined");
    expect(refused(undefined, word, 'another')).toBeUndefined();
  });

  test.each<[any, string]>([[null, 'null'], [undefined, 'undefined'], [3, '3'], ['props', "'props'"], [() => 1, 'a function']])('refuses %p in place of properties', (props, what) => {
    expect(() => check(props, () => ({}))).toThrow(new Error(`'props' must be an object of properties, got ${what}`));
  });

  test('names the first bad field, and the place in it', () => {
    expect(() => check({ a: 'a', b: 'b!', c: 'c!' }, z => ({ a: word(z), b: word(z), c: word(z) }))).toThrow(new Error("'b' must be a word, got 'b!'"));
    expect(refused({ inner: ['ok', 'no!'] }, z => z.object({ inner: z.array(word(z)) }))).toBe("'field.inner.1' must be a word, got 'no!'");
    expect(refused({ 'a b': 1 }, z => z.record(text(z, /^\w+$/, 'named with a word'), z.number()))).toBe("'field.a b' must be named with a word, got 'a b'");
  });

  test('says in its own words what a schema of zod says', () => {
    expect(refused('x', z => z.object({}))).toBe("'field' must be a mapping, got 'x'");
    expect(refused('x', z => z.record(z.string(), z.string()))).toBe("'field' must be a mapping, got 'x'");
    expect(refused('x', z => z.array(z.string()))).toBe("'field' must be a list, got 'x'");
    expect(refused(['x', 1], z => z.array(z.string()))).toBe("'field.1' must be a string, got 1");
    expect(refused({ a: {} }, z => z.object({ a: z.object({ b: z.string() }) }))).toBe("'field.a.b' must be a string, got undefined");
    expect(refused({}, z => z.object({ a: z.object({ b: z.string() }) }))).toBe("'field.a' must be a mapping, got undefined");
  });

  test('shows a name in one line', () => {
    expect(refused({ 'a\nb': 1 }, z => z.record(z.string(), word(z)))).toBe("'field.a\\u{a}b' must be a word, got 1");
  });

  describe('of what CloudFormation would replace elsewhere', () => {
    const anything = (z: any) => z.any();
    const refusal = (at: string, what: string) => `'${at}' must hold no \${...}, which nothing replaces here, got '${what}': put a token in its place, such as Aws.REGION`;

    test.each<[any, string, string]>([
      ['${AWS::Region}', 'field', '${AWS::Region}'], ['a ${Bucket.Arn} b', 'field', 'a ${Bucket.Arn} b'], [['x', '${x_1}'], 'field.1', '${x_1}'],
      [{ a: { b: ['${x}'] } }, 'field.a.b.0', '${x}'], [{ '${x}': 1 }, 'field.${x}', '${x}'], [{ a: { '${x}': 1 } }, 'field.a.${x}', '${x}'],
    ])('%j is refused', (value, at, what) => {
      expect(refused(value, anything)).toBe(refusal(at, what));
    });

    test('what is not so is taken', () => {
      const self: any = {};
      self.self = self;
      const values = ['$x', '${', '${}', '${a b}', '$ {x}', '{x}', '', lazy.text, `${lazy.text}/${Aws.REGION}`, self, { a: lazy.text }, 1, null, new Map([['a', '${x}']]), new Date(0)];

      expect(taken(values, anything)).toEqual(values);
    });
  });
});

describe('what was got', () => {
  const stack = new Stack(new App(), 'test');
  const self: any = {};
  self.self = self;

  test.each<[unknown, string]>([
    ['x', "'x'"], ['', "''"], [0, '0'], [-1.5, '-1.5'], [NaN, 'NaN'], [Infinity, 'Infinity'], [10n, '10'], [true, 'true'], [null, 'null'], [undefined, 'undefined'],
    [() => 1, 'a function'], [Symbol('x'), 'a symbol'], [new Construct(stack, 'One'), "'test/One'"], [{ a: [1, 'b'] }, '{"a":[1,"b"]}'], [['a'], '["a"]'], [Object.create(null), '{}'],
    [new Map(), 'a Map'], [new Date(0), 'a Date'], [Duration.hours(1), 'a Duration'], [self, 'an object that JSON cannot hold'], [[self], 'a list that JSON cannot hold'], [[10n], 'a list that JSON cannot hold'],
    [lazy.text, 'a value that only the deployment knows'], [lazy.number, 'a value that only the deployment knows'], [lazy.list, 'a value that only the deployment knows'],
    [lazy.list[0], 'a value that only the deployment knows'], [lazy.any, 'a value that only the deployment knows'], [`a${lazy.text}`, 'a value that only the deployment knows'],
    [SecretValue.unsafePlainText('hunter2'), 'a value that only the deployment knows'],
    ['a\nb', "'a\\u{a}b'"], ['\u0000\u007f', "'\\u{0}\\u{7f}'"], ['\u202e\u2028\u2029\ufeff\ud800', "'\\u{202e}\\u{2028}\\u{2029}\\u{feff}\\u{d800}'"], ['é 🦊 中', "'é 🦊 中'"],
    ['x'.repeat(200), `'${'x'.repeat(200)}'`], ['x'.repeat(201), `'${'x'.repeat(200)}...'`], [{ a: 'x'.repeat(300) }, `{"a":"${'x'.repeat(194)}...`],
    ['https://ml:hunter2@acme.dev/a', "'https://***@acme.dev/a'"], ['a://b@c d://e:f@g', "'a://***@c d://***@g'"], ['https://acme.dev/@team', "'https://acme.dev/@team'"], ['ml@acme.dev', "'ml@acme.dev'"],
    [['https://ml:hunter2@acme.dev'], '["https://***@acme.dev"]'],
  ])('case %#', (value, what) => {
    expect(got(value)).toBe(`got ${what}`);
  });

  test('a text is cut in one line', () => {
    expect(shown(`${'x'.repeat(199)}\n\n`)).toBe(`${'x'.repeat(199)}\\u{a}...`);
  });
});

describe('schemas', () => {
  test('a number', () => {
    const schema = (z: any) => number(z, 0, 1.5);

    expect(taken([0, 1.5, 1, lazy.number, -0.1, 1.6, NaN, Infinity, '1', 1n, true, null, lazy.text, lazy.any, [1]], schema)).toEqual([0, 1.5, 1, lazy.number]);
    expect(refused(2, schema)).toBe("'field' must be a number from 0 to 1.5, got 2");
    expect(refused(lazy.text, schema)).toBe(`'field' must be a number from 0 to 1.5, ${LATER}`);
  });

  test('a whole number', () => {
    const schema = (z: any) => integer(z, 1, 5);

    expect(taken([1, 3, 5, lazy.number, 0, 6, 1.5, NaN, '3', 3n, lazy.text, lazy.any], schema)).toEqual([1, 3, 5, lazy.number]);
    expect(refused('3', schema)).toBe("'field' must be a whole number from 1 to 5, got '3'");
  });

  test('a text', () => {
    const schema = (z: any) => text(z, /^\w+$/, 'a word');

    expect(taken(['a', lazy.text, `a ${lazy.text}`, 'a b', '', 1, ['a'], lazy.number, lazy.any, lazy.list], schema)).toEqual(['a', lazy.text, `a ${lazy.text}`]);
    expect(refused({ a: 1 }, schema)).toBe("'field' must be a word, got {\"a\":1}");
  });

  test('a text that is known at synth', () => {
    const schema = (z: any) => fixed(z, /^.+$/, 'a word');

    expect(taken(['a', lazy.text, `a ${lazy.text}`, '', 1, ['a']], schema)).toEqual(['a']);
    expect(refused(lazy.text, schema)).toBe(`'field' must be a word, ${LATER}`);
  });

  test('a text that is not empty', () => {
    expect(taken(['a', ' ', 'a\nb', '', 'a\0b'], z => text(z, ...FILLED))).toEqual(['a', ' ', 'a\nb']);
    expect(refused('', z => text(z, ...FILLED))).toBe("'field' must be a text that is not empty, got ''");
  });

  test('one of some', () => {
    const schema = (z: any) => oneOf(z, ['mlflow', 'sagemaker'], 'a provider');

    expect(taken(['mlflow', 'sagemaker', lazy.text, 'none', 1, lazy.number, ['mlflow']], schema)).toEqual(['mlflow', 'sagemaker', lazy.text]);
    expect(refused('sagmaker', schema)).toBe("'field' must be a provider, got 'sagmaker': did you mean 'sagemaker'?");
    expect(refused(1, schema)).toBe("'field' must be a provider, got 1");
    expect(refused(lazy.any, schema)).toBe(`'field' must be a provider, ${LATER}`);
  });

  test('true or false', () => {
    expect(taken([true, false, 'true', 1, 0, null, lazy.any], flag)).toEqual([true, false]);
    expect(refused(1, flag)).toBe("'field' must be true or false, got 1");
  });

  test('a length of time', () => {
    const seconds = (z: any) => duration(z, 'seconds', 1, 90);
    const good = [Duration.seconds(1), Duration.minutes(1.5), Duration.millis(2000)];

    expect(taken([...good, Duration.seconds(0), Duration.seconds(91), Duration.millis(1500), Duration.seconds(lazy.number), 60, 'PT1M', null, {}], seconds)).toEqual(good);
    expect(refused(Duration.minutes(2), seconds)).toBe("'field' must be a Duration of 1 to 90 whole seconds, got 120 seconds");
    expect(refused(Duration.millis(1500), seconds)).toBe("'field' must be a Duration of 1 to 90 whole seconds, got 1.5 seconds");
    expect(refused(60, seconds)).toBe("'field' must be a Duration of 1 to 90 whole seconds, got 60");
    expect(refused(null, seconds)).toBe("'field' must be a Duration of 1 to 90 whole seconds, got null");
    expect(refused(Duration.seconds(lazy.number), seconds)).toBe("'field' must be a Duration of 1 to 90 whole seconds, got a Duration");
    expect(refused(Duration.hours(36), z => duration(z, 'days', 1, 2))).toBe("'field' must be a Duration of 1 to 2 whole days, got 1.5 days");
    expect(refused(Duration.seconds(2), z => duration(z, 'milliseconds', 1, 2))).toBe("'field' must be a Duration of 1 to 2 whole milliseconds, got 2000 milliseconds");
    expect(taken([Duration.days(2), Duration.days(3)], z => duration(z, 'days', 1, 2))).toEqual([Duration.days(2)]);
  });

  test('something that can do what it must', () => {
    const schema = (z: any) => like(z, 'a bird', 'sing', 'fly');
    class Lark { public sing() {} public get fly() { return true; } }
    const lark = new Lark();

    expect(taken([lark, { sing: 1, fly: undefined }, { sing: 1 }, { fly: 1 }, {}, null, 'sing fly', () => 1], schema)).toEqual([lark, { sing: 1, fly: undefined }]);
    expect(refused({ sing: 1 }, schema)).toBe("'field' must be a bird, got {\"sing\":1}");
    expect(refused(null, schema)).toBe("'field' must be a bird, got null");
  });

  test('what else is allowed, with a hint', () => {
    expect(refused(1, z => mustBe(z, 'odd', it => it % 2 === 0, it => `: try ${it as number + 1}`))).toBe("'field' must be odd, got 1: try 2");
    expect(refused(1, z => mustBe(z, 'even', it => it % 2 === 0))).toBe("'field' must be even, got 1");
  });

  test('JSON', () => {
    const deep = (levels: number): any => levels === 0 ? 1 : [deep(levels - 1)];
    const self: any[] = [];
    self.push(self);
    const twice = { a: 1 };
    const good = [null, true, 'x', 1.5, [], {}, [{ a: ['b', undefined] }], Object.create(null), [twice, twice], deep(101), lazy.text, lazy.number, lazy.list, { a: lazy.any }];

    expect(taken([...good, NaN, Infinity, 1n, () => 1, Symbol('x'), new Map(), { a: new Date(0) }, [[() => 1]], self, deep(102)], json)).toEqual(good);
    expect(refused(new Map(), json)).toBe("'field' must be JSON, got a Map");
    expect(refused(self, json)).toBe("'field' must be JSON, got a list that JSON cannot hold");
  });

  test('JSONata', () => {
    const good = ['{% $x %}', '{%\n$map($x, function($it) { $it.y })\n%}', lazy.text, `{% ${lazy.text} [ %}`];

    expect(taken([...good, '{% %}', '{%%}', '{%', 'a {% $x %}', '{% $x %} a', '{% [ %}', '$x', 1, { a: '{% $x %}' }, lazy.any], expression)).toEqual(good);
    expect(refused('x', expression)).toBe("'field' must be JSONata, {% ... %}, got 'x'");
    expect(refused('{% [1, %}', expression)).toBe("'field' must be JSONata, {% ... %}, got '{% [1, %}': Expected \"]\" before end of expression");
  });

  test('JSON with JSONata in it', () => {
    const self: any[] = ['{% [ %}'];
    self.push(self);
    const good = [null, 1, 'x', '{% $x %}', { a: ['{% $x %}', 'b {% ['] }, { a: lazy.any, b: lazy.list, c: [`{% ${lazy.text} [ %}`] }];

    expect(taken([...good, '{% [ %}', { a: ['{% $x %}', '{% [ %}'] }, [[{ a: '{% ) %}' }]], () => 1, self], filledJson)).toEqual(good);
    expect(refused(['{% $x %}', '{% [ %}'], filledJson)).toBe(`'field' must be JSON, with JSONata in {% ... %}, got ["{% $x %}","{% [ %}"]: Expected "]" before end of expression`);
    expect(refused(new Map(), filledJson)).toBe("'field' must be JSON, with JSONata in {% ... %}, got a Map");
    expect(refused(self, filledJson)).toBe("'field' must be JSON, with JSONata in {% ... %}, got a list that JSON cannot hold");
  });

  test('JSON that is known at synth', () => {
    expect([1, 'x', [lazy.text], { a: { b: lazy.number } }, lazy.list, lazy.any].map(value => isJson(value, false))).toEqual([true, true, false, false, false, false]);
  });

  test('a mapping', () => {
    expect(taken([{}, { a: [1] }, { a: lazy.any }, [], null, 'x', lazy.any, { a: () => 1 }, new Map()], mapping)).toEqual([{}, { a: [1] }, { a: lazy.any }]);
    expect(refused([], mapping)).toBe("'field' must be a mapping of names to JSON, got []");
  });

  test('what is of no class', () => {
    expect([{}, [], Object.create(null), new Map(), null, undefined, 'x', 1, () => 1].map(isPlain)).toEqual([true, true, true, false, false, false, false, false, false]);
  });
});

describe('the nearest', () => {
  test.each<[unknown, string[], string]>([
    ['ml.m5.lagre', ['ml.m5.large', 'ml.c5.large', 'ml.m5.xlarge'], 'ml.m5.large'], ['', ['bbb', 'aa'], 'aa'], ['abc', ['xyz', 'abd', 'abcd'], 'abd'], ['kitten', ['sitting', 'kitchen', 'mitten'], 'mitten'],
    ['bc', ['abc', 'xbcx'], 'abc'], ['abc', ['ab', 'a'], 'ab'], [['sns'], ['sqs', 'sns'], 'sns'], [12, ['1', '12'], '12'], ['ab', ['ba', 'a'], 'a'], ['aaaa', ['a', 'aabb'], 'aabb'],
  ])('of %j among %j', (value, values, found) => {
    expect(nearest(value, values)).toBe(found);
  });

  test('of equally near ones is the first, of none is none', () => {
    expect(nearest('x', ['a', 'b'])).toBe('a');
    expect(nearest('x', [])).toBeUndefined();
  });

  test('of a long text looks at its start alone', () => {
    expect(nearest('b'.repeat(100) + 'a'.repeat(1e6), ['a'.repeat(100), 'b'.repeat(100)])).toBe('b'.repeat(100));
  });
});
