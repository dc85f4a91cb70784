import type { LLMClient } from '../client/create-client.ts';
import type { BatchEngine } from '../contract/batches.ts';
import { batchLinkOf } from '../contract/batches.ts';
import { envelope } from '../errors/envelope.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { failed, json, Refusal } from './answers.ts';
import { createBatch, listBatches } from './batches.ts';
import { jsonObject } from './body.ts';
import { fileContent, listFiles, uploadFile } from './files.ts';
import { refuseForeignPages } from './foreign-pages.ts';
import { INFERENCES, infer } from './inference.ts';
import { doorkeeper } from './keys.ts';
import { listModels, retrieveModel } from './models.ts';
import type { CheckedOptions, HandlerOptions } from './options.ts';
import { checkHandlerOptions } from './options.ts';

/** Answers a request; never rejects. */
export type Handler = (request: Request) => Promise<Response>;

interface Desk {
  readonly client: LLMClient;
  readonly engine: BatchEngine | undefined;
  readonly options: CheckedOptions;
  /** How many requests it has taken and not yet answered. */
  running: number;
  answered: number;
}

interface Asked {
  readonly request: Request;
  readonly url: URL;
  /** What the parentheses of the route have caught. */
  readonly id: string;
}

type Answer = (desk: Desk, asked: Asked) => Response | Promise<Response>;

interface Way {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: Answer;
}

/**
 * An OpenAI-compatible endpoint around a client: any OpenAI client, in any language, can use every provider and layer behind it.
 * A plain function from `Request` to `Response`, for any server and runtime; it never rejects.
 *
 * @throws ConfigurationError when an option is wrong, or there is no client.
 * @example
 * const handler = createHandler(llm, { models: { fast: 'openai/gpt-5-mini' } });
 * const response = await handler(new Request('http://localhost/v1/chat/completions', { method: 'POST', body }));
 */
export function createHandler(client: LLMClient, options: HandlerOptions = {}): Handler {
  if (typeof (client as Partial<LLMClient> | undefined)?.chat?.completions?.create !== 'function') throw noClient();
  const checked = checkHandlerOptions(options);
  const desk: Desk = { client, engine: engineOf(client, checked), options: checked, running: 0, answered: 0 };
  const admit = checked.keys === undefined ? refuseForeignPages : doorkeeper(checked.keys);

  return async (request) => {
    desk.running++;
    try {
      const url = new URL(request.url);
      if (url.pathname === '/health') return json({ status: 'ok' });
      await admit(request);
      return await answer(desk, request, url);
    } catch (error) {
      return failed(error);
    } finally {
      desk.running--;
      desk.answered++;
    }
  };
}

const noClient = (): ConfigurationError =>
  new ConfigurationError({ message: 'expected a client, as createClient() makes them', code: 'wrong_option', param: 'client' });

function engineOf(client: LLMClient, { batches, models }: CheckedOptions): BatchEngine | undefined {
  const link = batchLinkOf(client);
  if (batches === false) return undefined;
  for (const [name, model] of Object.entries(models)) link?.host.names.set(name, model);
  if (batches === undefined || batches === link?.engine) return link?.engine;
  if (link === undefined) {
    throw new ConfigurationError({
      message: 'createHandler: expected a client, as createClient makes them',
      code: 'wrong_option',
    });
  }
  batches.start(link.host);
  return batches;
}

const WAYS: readonly Way[] = [
  ...[...INFERENCES].map(([path, run]): Way => {
    const answer: Answer = async ({ client, options }, { request }) =>
      infer(run, client, await jsonObject(request, options.limits.maxBodyBytes), request, options.models);
    return { method: 'POST', path: new RegExp(`^/v1${path}$`), answer };
  }),
  { method: 'GET', path: /^\/v1\/models$/, answer: ({ client, options }, { url }) => listModels(client, url, options.models) },
  { method: 'GET', path: /^\/v1\/models\/(.+)$/, answer: ({ options }, { id }) => retrieveModel(id, options.models) },
  {
    method: 'POST',
    path: /^\/v1\/files$/,
    answer: (desk, { request }) => uploadFile(engine(desk).files, request, desk.options.limits.maxFileBytes),
  },
  { method: 'GET', path: /^\/v1\/files$/, answer: (desk, { url }) => listFiles(engine(desk).files, url) },
  { method: 'GET', path: /^\/v1\/files\/([^/]+)$/, answer: async (desk, { id }) => json(await engine(desk).files.retrieve(id)) },
  { method: 'DELETE', path: /^\/v1\/files\/([^/]+)$/, answer: async (desk, { id }) => json(await engine(desk).files.delete(id)) },
  { method: 'GET', path: /^\/v1\/files\/([^/]+)\/content$/, answer: (desk, { id }) => fileContent(engine(desk).files, id) },
  {
    method: 'POST',
    path: /^\/v1\/batches$/,
    answer: async (desk, { request }) =>
      createBatch(engine(desk).batches, await jsonObject(request, desk.options.limits.maxBodyBytes)),
  },
  { method: 'GET', path: /^\/v1\/batches$/, answer: (desk, { url }) => listBatches(engine(desk).batches, url) },
  {
    method: 'GET',
    path: /^\/v1\/batches\/([^/]+)$/,
    answer: async (desk, { id }) => json(await engine(desk).batches.retrieve(id)),
  },
  {
    method: 'POST',
    path: /^\/v1\/batches\/([^/]+)\/cancel$/,
    answer: async (desk, { id }) => json(await engine(desk).batches.cancel(id)),
  },
  {
    method: 'GET',
    path: /^\/status$/,
    answer: ({ running, answered, engine, options }) =>
      json({ status: 'ok', running, answered, batches: engine !== undefined, models: Object.keys(options.models) }),
  },
];

function answer(desk: Desk, request: Request, url: URL): Response | Promise<Response> {
  const allowed: string[] = [];
  for (const { method, path, answer } of WAYS) {
    const match = path.exec(url.pathname);
    if (match === null) continue;
    if (method === request.method) return answer(desk, { request, url, id: decoded(match[1] ?? '') });
    allowed.push(method);
  }
  if (allowed.length === 0) throw noSuchURL(404, request, url, {});
  throw noSuchURL(405, request, url, { allow: allowed.join(', ') });
}

function noSuchURL(status: 404 | 405, { method }: Request, url: URL, headers: Readonly<Record<string, string>>): Refusal {
  const message = status === 404 ? `Invalid URL (${method} ${url.pathname})` : `Not allowed to ${method} on ${url.pathname}`;
  return new Refusal(
    status,
    envelope(message, 'invalid_request_error', status === 404 ? 'unknown_url' : 'method_not_allowed'),
    headers,
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function engine({ engine }: Desk): BatchEngine {
  if (engine !== undefined) return engine;
  const message = 'This server runs no batches: its client was made without an engine (createClient({ batches })).';
  throw new Refusal(501, envelope(message, 'invalid_request_error', 'unsupported_operation'));
}
