/** Snapshots hold the shape of a template: an asset's hash changes with its content, so it is not part of it. */
const HASH = /[0-9a-f]{64}/g;

module.exports = {
  test: value => typeof value === 'string' && value.search(HASH) >= 0,
  serialize: value => JSON.stringify(value.replace(HASH, '<hash>')),
};
