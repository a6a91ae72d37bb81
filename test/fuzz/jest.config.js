/** The fuzz tests: a project of their own, so that `npm test` stays fast. `npm run fuzz` runs them. */
module.exports = {
  ...require('../../jest.config.js'),
  rootDir: '../..',
  roots: ['<rootDir>/test/fuzz'],
  testMatch: ['**/*.fuzz.ts'],
  testTimeout: 600_000,
  maxWorkers: 2,
};
