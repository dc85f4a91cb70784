import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { BatchEngine, Store } from 'holdfast';
import { createClient } from 'holdfast';
import { batchEngine } from 'holdfast/batches';
import { createHandler, nodeListener } from 'holdfast/server';
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
  const batches = await engineOf(config);
  const store = await storeOf(config);
  const llm = createClient({ ...config.client, batches, store, logger: console });
  const server = createServer(nodeListener(createHandler(llm, config.handler)));
  const port = options.port ?? config.port ?? 4000;
  const host = options.host ?? config.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  process.stdout.write(`holdfast serves http://${host.includes(':') ? `[${host}]` : host}:${listening}/v1\n`);
  await stopSignal();
  process.stdout.write('finishing what runs; once more to end at once\n');
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await Promise.race([closed, stopSignal()]);
  clearTimeout(patience);
  server.closeAllConnections();
  await llm.close();
  await store?.close();
  return 0;
}

/** What needs Redis is loaded only where there is one. */
async function engineOf({ batches, redis }: ServeConfig): Promise<BatchEngine | undefined> {
  if (batches === undefined) return undefined;
  if (redis === undefined) return batchEngine(batches);
  const { bullBatchEngine } = await import('holdfast/batches/bullmq');
  return bullBatchEngine({ connection: redis, ...batches });
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
