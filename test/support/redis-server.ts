import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A redis-server of the test's own, on a free port of this machine, without files. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Ends it at once, with SIGKILL; what it knew is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** Stops it in its tracks: connections stand, nothing is answered until `thaw`. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/**
 * Why tests with a real Redis are skipped; `undefined` when there is a redis-server. `describe.skipIf(redisMissing() !== undefined)`.
 * Throws in CI, where they must run.
 */
export function redisMissing(): string | undefined {
  const { status } = spawnSync('redis-server', ['--version'], { stdio: 'ignore' });
  if (status === 0) return undefined;
  if (process.env.CI) throw new Error('no redis-server on the PATH, which CI needs (apt-get install redis-server)');
  const reason = 'no redis-server on the PATH: tests with a real Redis are skipped (apt-get install redis-server)';
  console.warn(reason);
  return reason;
}

/** @param settings of the server besides our own, such as `cluster-enabled`. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  // by default its bus has a port that is larger by 10 000, which may be none
  const bus = settings['cluster-enabled'] === 'yes' ? { 'cluster-port': String(await freePort()) } : {};
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-'));
  const port = await freePort();
  let child = await launch(port, folder, { ...settings, ...bus });
  const endWithTests = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithTests);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      child = await launch(port, folder, { ...settings, ...bus });
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async close() {
      await kill();
      process.off('exit', endWithTests);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ATTEMPTS = 500;

async function launch(port: number, folder: string, more: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no', dir: folder, databases: 1, ...more };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}; is port ${port} taken?`);
    if (await answers(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`redis-server did not answer on port ${port}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
