import { readFile } from 'node:fs/promises';
import type { BatchEngine, ClientOptions } from 'holdfast';
import { createClient, isLLMError } from 'holdfast';
import { batchEngine } from 'holdfast/batches';
import type { HandlerOptions } from 'holdfast/server';
import { createHandler } from 'holdfast/server';
import * as z from 'zod/mini';
import type { Place } from './config-document.ts';
import { ConfigDocument } from './config-document.ts';
import { buildLayers, LAYER_NAMES } from './serve-layers.ts';

/** What `holdfast serve` runs with. */
export interface ServeConfig {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly client: ClientOptions;
  /** For the client; absent: no batches. */
  readonly engine: BatchEngine | undefined;
  readonly handler: HandlerOptions;
  /** Where state is shared with other processes; batches too, over BullMQ. Absent: none is. */
  readonly redis?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PORT = 'a number from 0 to 65535';
const MILLISECONDS = 'milliseconds above 0';
const settings = z.record(z.string(), z.unknown());

const schema = z.strictObject({
  host: z.optional(z.string('the name or address to listen on')),
  port: z.optional(z.int(PORT).check(z.gte(0, PORT), z.lte(65_535, PORT))),
  keys: z.optional(z.array(z.string('a key'))),
  models: z.optional(z.record(z.string(), z.string('"provider/model"'))),
  limits: z.optional(settings),
  providers: z.optional(z.record(z.string(), settings)),
  defaultProvider: z.optional(z.string('a provider id')),
  deadline: z.optional(z.number(MILLISECONDS).check(z.gt(0, MILLISECONDS))),
  maxAttempts: z.optional(z.int('a whole number')),
  unsupportedParams: z.optional(z.enum(['error', 'drop'])),
  layers: z.optional(z.partialRecord(z.enum(LAYER_NAMES), z.unknown())),
  batches: z.optional(z.union([z.boolean(), settings])),
  redis: z.optional(
    z.string('a URL such as "redis://host:6379"').check(z.regex(/^rediss?:\/\/./, 'a URL such as "redis://host:6379"')),
  ),
});

/**
 * Reads a configuration in YAML or JSON. `${NAME}` in a text stands for an environment variable, `${NAME:-otherwise}` for one that
 * may be missing.
 *
 * @throws Error with a line per problem: `holdfast.yaml:3:9 providers.openai.apiKey: OPENAI_API_KEY is not set`.
 */
export async function readServeConfig(path: string, env: Environment): Promise<ServeConfig> {
  const document = new ConfigDocument(path, await textOf(path), env);
  const checked = schema.safeParse(document.value);
  if (!checked.success) {
    const problems = checked.error.issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, problem: `expected ${expectation(issue)}` }];
      const known = issue.path.length === 0 ? Object.keys(schema.shape) : LAYER_NAMES;
      return issue.keys.map((key) => ({ path: [...issue.path, key], problem: `no such setting; known are ${known.join(', ')}` }));
    });
    throw document.error(problems);
  }
  const { host, port, keys, models, limits, layers, batches, redis, ...client } = checked.data;
  const use = layers === undefined ? {} : { use: located(document, ['layers'], () => buildLayers(layers)) };
  const config = {
    host,
    port,
    client: { ...client, ...use } as ClientOptions,
    handler: { ...(keys && { keys }), ...(models && { models }), ...(limits && { limits }) } as HandlerOptions,
    redis,
  };
  const makeEngine = await engineMaker(redis);
  const engine =
    batches === undefined || batches === false
      ? undefined
      : located(document, ['batches'], () => makeEngine(batches === true ? {} : batches));
  // what the client and the handler refuse is told with its place too
  const llm = located(document, [], () => createClient({ ...config.client, use: [] }));
  located(document, [], () => createHandler(llm, config.handler));
  await llm.close();
  return { ...config, engine };
}

/** What needs Redis is loaded only where there is one. */
async function engineMaker(redis: string | undefined): Promise<(options: object) => BatchEngine> {
  if (redis === undefined) return batchEngine;
  const { bullBatchEngine } = await import('holdfast/batches/bullmq');
  return (options) => bullBatchEngine({ connection: redis, ...options });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`--config: "${path}" can not be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
}

/** Before the path of an option, where it is no key of the file. */
const BUILDER = /^(?:createClient|createHandler|batchEngine|bullBatchEngine)\./;

/** What is said of wrong options, each told with its place in the file. */
function located<T>(document: ConfigDocument, at: Place, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!isLLMError(error, 'configuration')) throw error;
    const [root = ''] = /^\w+/.exec(error.param ?? '') ?? [];
    throw document.error(
      error.reason.split(new RegExp(`; (?=${root}[.[])`)).map((finding) => {
        const [, path = '', problem = finding] = /^([\w.[\]"$-]+): (.*)$/s.exec(finding) ?? [];
        const parts = path.replace(BUILDER, '').match(/[^.[\]"]+/g) ?? [];
        return { path: [...at, ...parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part))], problem };
      }),
    );
  }
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.join(' or ');
  if (issue.code === 'invalid_type' && issue.message === 'Invalid input')
    return issue.expected === 'record' ? 'settings' : issue.expected;
  return issue.message === 'Invalid input' ? 'something else' : issue.message;
}
