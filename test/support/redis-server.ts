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
  const launch = (): Promise<Guarded> => launched(port, folder, { ...settings, ...bus });
  let server = await launch();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: () => server.kill(),
    async restart() {
      await server.kill();
      server = await launch();
    },
    freeze: () => void process.kill(server.pid, 'SIGSTOP'),
    thaw: () => void process.kill(server.pid, 'SIGCONT'),
    async close() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process that ends with this one, however this one ends. */
interface Guarded {
  readonly pid: number;
  kill(): Promise<void>;
}

/** The shell waits for the end of its input, which ends with the process that holds the other side. */
const GUARD = 'redis-server "$@" </dev/null >/dev/null 2>&1 & echo $!; read -r _; kill -9 $!';
const ATTEMPTS = 500;

async function launched(port: number, folder: string, more: Readonly<Record<string, string>>): Promise<Guarded> {
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no', dir: folder, databases: 1, ...more };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const shell = spawn('sh', ['-c', GUARD, 'sh', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(shell, 'exit');
  const [pid] = await once(shell.stdout, 'data');
  const server: Guarded = {
    pid: Number(pid),
    async kill() {
      shell.stdin.end();
      await ended;
    },
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await answers(port)) return server;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await server.kill();
  throw new Error(`redis-server did not answer on port ${port}; is it taken?`);
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
