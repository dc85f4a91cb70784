import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/errors/kinds.ts';
import type { ClientOptions, ErrorKind, LLMErrorOf } from '../../src/index.ts';
import * as holdfast from '../../src/index.ts';
import { BudgetExceededError, circuitBreaker, isLLMError, timeout } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import type { Handler } from '../support/openai-server.ts';
import { chunk, failure, json, silence, stream } from '../support/openai-server.ts';

// Every kind of the table as users of the public client meet it: over HTTP, or from a layer.

const SOON = 150;
const model = 'mine/small-1';
const messages = [{ role: 'user' as const, content: 'Hello' }];

let setup: Setup;
beforeAll(async () => {
  setup = await setUp({ providers: { anthropic: { apiKey: 'key', baseURL: 'http://127.0.0.1:9' } } });
});
afterAll(() => setup.close());

/** What a call to a server with this answer rejects with. */
async function answered(answer: Handler, options: ClientOptions = {}): Promise<unknown> {
  setup.server.answer(answer);
  return rejection(setup.make(options).chat.completions.create({ model, messages }));
}

const said = (status: number, code: string): Handler => json(status, { error: { message: code, type: null, param: null, code } });

const hangUp: Handler = (_request, response) => {
  response.destroy();
};

const page: Handler = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!doctype html><title>Sign in</title>');
};

/** A breaker that opens at the second failure, asked a third time. */
async function brokenCircuit(): Promise<unknown> {
  setup.server.answer(failure(503));
  const llm = setup.make({ use: [circuitBreaker({ minCalls: 2, failureRate: 0.5 })] });
  for (let i = 0; i < 2; i++) await rejection(llm.chat.completions.create({ model, messages }));
  return rejection(llm.chat.completions.create({ model, messages }));
}

async function cutStream(): Promise<unknown> {
  setup.server.answer(stream([chunk({ content: 'Hel' })], { ending: 'cut' }));
  const reply = await setup.llm.chat.completions.create({ model, messages, stream: true });
  return rejection(
    (async () => {
      for await (const _ of reply);
    })(),
  );
}

/** Nothing built in spends a budget yet: the class is for layers like this one. */
const broke: holdfast.Middleware = (call) =>
  Promise.reject(new BudgetExceededError({ message: 'the job has spent its budget', ...call.target }));

const WAYS: { readonly [K in ErrorKind]: () => Promise<unknown> } = {
  bad_request: () => answered(failure(400)),
  context_window_exceeded: () => answered(said(400, 'context_length_exceeded')),
  content_policy_violation: () => answered(said(400, 'content_policy_violation')),
  unsupported_params: () =>
    rejection(setup.llm.chat.completions.create({ model: 'anthropic/claude-sonnet-4-5', messages, logit_bias: { 1: 1 } })),
  request_too_large: () => answered(failure(413)),
  authentication: () => answered(failure(401)),
  permission_denied: () => answered(failure(403)),
  not_found: () => answered(failure(404)),
  conflict: () => answered(failure(409)),
  unprocessable_entity: () => answered(failure(422)),
  rate_limit: () => answered(failure(429)),
  insufficient_credits: () => answered(said(429, 'insufficient_quota')),
  internal_server: () => answered(failure(500)),
  service_unavailable: () => answered(failure(503)),
  out_of_memory: () => answered(failure(507)),
  connection: () => answered(hangUp),
  timeout: () => answered(silence, { use: [timeout({ attempt: SOON })] }),
  stream_interrupted: cutStream,
  circuit_open: brokenCircuit,
  response_validation: () => answered(page),
  budget_exceeded: () => answered(silence, { use: [broke] }),
  aborted: () => rejection(setup.llm.chat.completions.create({ model, messages }, { signal: AbortSignal.abort() })),
  unsupported_operation: () => rejection(setup.llm.embeddings.create({ model: 'anthropic/claude-sonnet-4-5', input: 'Hello' })),
  configuration: () => rejection(setup.llm.chat.completions.create({ model: 'nobody/small-1', messages })),
};

describe('every kind can be met', () => {
  it.each(Object.keys(KINDS) as ErrorKind[])('%s', async (kind) => {
    const error = await WAYS[kind]();
    expect(isLLMError(error, kind), String(error)).toBe(true);
    const { name, retryable, message, status } = error as LLMErrorOf<ErrorKind>;
    expect(error).toBeInstanceOf(Reflect.get(holdfast, name));
    expect(message).not.toBe('');
    expect(retryable).toBe(KINDS[kind].retryable);
    // an answer that was no answer keeps the status that it came with
    if (status !== undefined && kind !== 'response_validation') expect(status).toBeGreaterThanOrEqual(400);
  });
});
