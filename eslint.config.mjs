import tseslint from 'typescript-eslint';

/** What may not be imported, and why. Arrows only go down: bin, examples -> lib -> constructs/<component> -> constructs/core. */
const only = (regex, message) => ['error', { patterns: [{ regex, message }] }];
const SDK = { regex: '^@aws-sdk/', message: 'The AWS SDK lives in handlers and tests.' };

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'cdk.out/', '.local/', 'coverage/', '**/cdk.out/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off', // JSON that may hold JSONata.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      'eqeqeq': 'error',
      'no-restricted-syntax': ['error', { selector: "BinaryExpression[operator='instanceof']", message: 'Know the contract, not the class.' }],
      'max-len': ['error', { code: 190, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreComments: true }],
      'quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
      'semi': ['error', 'always'],
      'comma-dangle': ['error', 'always-multiline'],
    },
  },
  { files: ['constructs/core/**'], rules: { 'no-restricted-imports': only('^(\\.\\./){3}', 'The core imports nothing of this project but itself.') } },
  { files: ['constructs/core/*.ts'], rules: { 'no-restricted-imports': only('^\\.\\./|^@aws-sdk/', 'The core imports nothing of this project but itself, and no AWS SDK.') } },
  { files: ['constructs/{sagemaker,databricks}/**'], rules: { 'no-restricted-imports': only('^\\.\\./(?!core(/|$))', 'What the components of one vendor share imports the core only.') } },
  {
    files: ['constructs/*/*.ts'],
    ignores: ['constructs/core/**', 'constructs/{sagemaker,databricks}/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [
        { regex: '^\\.\\./(?!core(/|$)|sagemaker/|databricks/)([^/]+)(?!/\\2$)(/|$)', message: "Import another component's contract file, never an implementation or its index." },
        { regex: '^\\.\\./\\.\\./', message: 'Constructs import no lib.' },
        SDK,
      ] }],
    },
  },
  { files: ['lib/**'], rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?:\\.\\./)+(?!\\.\\./|constructs/)', message: 'lib imports constructs only.' }, SDK] }] } },
  {
    files: ['conformance/**'],
    rules: {
      'no-restricted-imports': only('(?:^|/)(?:lib|test|local|examples|bin)(?:/|$)|/constructs/(?!core(?:/|$))([^/]+)(?!/\\1$)(?:/|$)', 'The kit imports contracts and the core, never an implementation.'),
    },
  },
  { files: ['bin/**', 'examples/**/*.ts'], rules: { 'no-restricted-imports': only('^\\.\\./(\\.\\./)?(?!lib$|\\.\\./)', "The package's entry is lib.") } },
);
