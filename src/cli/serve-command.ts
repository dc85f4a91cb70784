import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { Store } from 'holdfast';
import { createClient } from 'holdfast';
import { createHandler, nodeListener } from 'holdfast/server';
import { underOwnNames } from './own-names.ts';
import type { ServeConfig } from './serve-config.ts';
import { readServeConfig } from './serve-config.ts';

const HELP = `Usage: holdfast serve --config <file> [options]

Serves an OpenAI-compatible endpoint for every provider, with the layers of the configuration around each call.

Options:
  --config <file>  YAML or JSON; see docs/server.md
  --port <number>  Instead of the configuration's; default 4000
  --host <name>    Instead of the configuration's; default 127.0.0.1
  --check          Reads the configuration, says what is wrong, and ends
  --help           Show this help
`;

const GRACE_MS = 30_000;
const LOOK_MS = 50;

/** Runs until SIGINT or SIGTERM; then what runs is finished first. A second signal ends at once. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const options = readArgs(args);
  if (typeof options === 'string') {
    process.stderr.write(`holdfast serve: ${options}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const config = await readServeConfig(options.config, process.env);
  if (options.check) {
    process.stdout.write(`${options.config} is in order\n`);
    return 0;
  }
  const store = await storeOf(config);
  const llm = createClient({ ...config.client, batches: config.engine, store, logger: console });
  try {
    // a store that does not open is told now, not to the first who asks
    if (config.engine !== undefined) await llm.batches.list({ limit: 1 });
    const port = options.port ?? config.port ?? 4000;
    const host = options.host ?? config.host ?? '127.0.0.1';
    const listener = nodeListener(createHandler(llm, config.handler));
    const guarded = config.handler.keys === undefined ? underOwnNames(listener, host) : listener;
    const server = await listening(createServer(guarded), port, host);
    const { port: given } = server.address() as AddressInfo;
    process.stdout.write(`holdfast serves http://${host.includes(':') ? `[${host}]` : host}:${given}/v1\n`);
    await stopSignal();
    process.stdout.write('finishing what runs; once more to end at once\n');
    await Promise.race([drained(server), stopSignal()]);
    server.closeAllConnections();
  } finally {
    await llm.close();
    await store?.close();
  }
  return 0;
}

const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use; choose another port with --port',
  EACCES: 'may not be used by this user; choose a port above 1023 with --port',
  EADDRNOTAVAIL: 'is no address of this machine; choose one with --host',
  ENOTFOUND: 'is no address of this machine; choose one with --host',
};

function listening(server: Server, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code = '', message }: NodeJS.ErrnoException) => {
      const refusal = REFUSALS[code];
      reject(new Error(refusal === undefined ? message : `${host}:${port} ${refusal}`));
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** Resolves when what runs has been answered, or has had its time. */
function drained(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // a connection that is kept alive is idle from its last answer on
    const idle = setInterval(() => server.closeIdleConnections(), LOOK_MS);
    const patience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(patience);
      resolve();
    });
  });
}

async function storeOf({ redis }: ServeConfig): Promise<Store | undefined> {
  if (redis === undefined) return undefined;
  const { redisStore } = await import('holdfast/redis');
  return redisStore(redis);
}

interface Args {
  readonly config: string;
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly check: boolean;
  readonly help: boolean;
}

/** A text is what is wrong with them. */
function readArgs(args: readonly string[]): Args | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        port: { type: 'string' },
        host: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
      return `--port: expected a number from 0 to 65535, got "${values.port}"`;
    }
    if (values.config === undefined && !values.help) return '--config: expected the path of a YAML or JSON file';
    return { config: values.config ?? '', port, host: values.host, check: values.check, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
