import { parseArgs } from 'node:util';
import type { RecordedRequest } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';

const HELP = `Usage: holdfast mock [--port 4010] [--quiet]

Serves every provider's wire format on 127.0.0.1 and answers each request with a plain reply.
Any key is accepted, except the word "wrong".

Options:
  --port <n>  The port; 0 picks a free one (default 4010)
  --quiet     Do not print a line for each request
  --help      Show this help
`;

const DEFAULT_PORT = '4010';
const SHOWN = ['openai', 'anthropic', 'gemini', 'ollama', 'azure'] as const;

/** `holdfast mock`: runs until SIGINT or SIGTERM. */
export async function mockCommand(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`holdfast mock: ${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const ended = untilSignal();
  const mock = await startMockServer({ port: options.port, keepRequests: 0, ...(options.quiet ? {} : { onRequest: print }) });
  const lines = SHOWN.map((provider) => `  ${provider.padEnd(10)} ${mock.baseURL(provider)}`);
  const others = mock.baseURL('<provider>');
  process.stdout.write(
    `Mock providers, by base URL:\n${lines.join('\n')}\n  ${'others'.padEnd(10)} ${others}\nReady. Ctrl-C ends it.\n`,
  );
  await ended;
  await mock.close();
  return 0;
}

function readOptions(args: readonly string[]): { port: number; quiet: boolean; help: boolean } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: DEFAULT_PORT },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) return `--port must be a number from 0 to 65535, not "${values.port}"`;
    return { port, quiet: values.quiet, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function print({ at, provider, method, path }: RecordedRequest): void {
  process.stdout.write(`${new Date(at).toISOString().slice(11, 23)} ${provider.padEnd(10)} ${method} ${path}\n`);
}

const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
      resolve();
    };
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
