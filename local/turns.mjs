// Work that two processes must not do at once, such as installing into one folder.
import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';

/** Does `work` while no other process does what has the same `name`. Linux gives the name free when its holder has ended, however it did; `signal` ends the waiting. */
export async function inTurn(name, work, signal) {
  const address = `\0mlops-${createHash('sha256').update(name).digest('hex')}`;
  const waiting = new Set();
  const server = createServer((socket) => waiting.add(socket.on('error', () => {})));
  while (!await taken(server, address)) {
    await ended(address, signal);
    signal.throwIfAborted();
  }
  try {
    return await work();
  } finally {
    server.close();
    for (const socket of waiting) socket.destroy();
  }
}

function taken(server, address) {
  return new Promise((done, fail) => {
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? done(false) : fail(error)));
    server.listen(address, () => done(true));
  });
}

/** When whoever has the address `path` lets it go. */
function ended(path, signal) {
  return new Promise((done) => { connect({ path, signal }).on('error', () => {}).on('close', done); });
}
