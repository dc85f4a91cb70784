import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/index.ts';
import { createClient, isLLMError } from '../../src/index.ts';
import { rejection } from '../support/client.ts';
import { settingsAt } from '../support/provider-settings.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import { tokensAt } from './play.ts';

// Failures that only sound like another one. The texts are our own, in the manner of validators and servers.

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(() => server.close());

const PROVIDERS = [
  'openai',
  'openai_compatible',
  'anthropic',
  'mistral',
  'openrouter',
  'bedrock',
  'gemini',
  'litellm_proxy',
] as const;

async function failure(id: string, status: number, message: string, prompt = 'Hello') {
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } });
  const origin = server.at({ status, headers: { 'content-type': 'application/json' }, body });
  const llm = createClient({ use: [], providers: { [id]: settingsAt(id, origin, tokensAt(server)) } });
  const error = await rejection(
    llm.chat.completions.create({ model: `${id}/some-model`, messages: [{ role: 'user', content: prompt }] }),
  );
  await llm.close();
  if (!isLLMError(error)) throw error;
  return error;
}

const kindsOf = async (status: number, message: string, prompt?: string): Promise<Record<string, ErrorKind>> => {
  const kinds = await Promise.all(PROVIDERS.map(async (id) => [id, (await failure(id, status, message, prompt)).kind] as const));
  return Object.fromEntries(kinds);
};

const everywhere = (kind: ErrorKind): Record<string, ErrorKind> => Object.fromEntries(PROVIDERS.map((id) => [id, kind]));

describe('a parameter that is wrong stays a bad request', () => {
  it.each([
    // context
    "Invalid value: 'context'. Supported values are: 'system', 'user', and 'assistant'.",
    'context_management: edits.0.type: unknown strategy',
    'In context=("properties", "path"), schema must have a "type" key.',
    'num_ctx must be a positive integer',
    'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens',
    'max_completion_tokens exceeds the maximum number of completion tokens',
    'The number of stop sequences exceeds the maximum of 4',
    "Invalid 'tools': array too long. Expected an array with maximum length 128.",
    "Invalid 'metadata.key': string too long. Expected a string with maximum length 64.",
    'Tool name is too long: at most 64 characters are allowed',
    'image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes',
    'Input image exceeds the maximum length of the longest side',
    "Invalid 'input': string too long. Expected a string with maximum length 1048576.",
    'messages cannot be carried over from another context',
    'The tool description exceeds the model limit of 1024 characters',
    'max_tokens exceeds the maximum tokens of the model',
    'input audio is longer than the model accepts: 1500 seconds',
    '`max_tokens` must be at most `4096`: it is less than the `context_window` of this model',
    'output tokens 9000 exceeds the limit of 8192',
    // money
    'Unknown name "quota" at "generation_config": Cannot find field.',
    'Unrecognized request argument supplied: credits',
    'tools.0.function.description: must mention the balance parameter',
    'The function get_account_balance has no parameters',
    'billing_address is required',
    'vision tokens exceed the budget of the processor',
    'thinking budget exceeded: budget_tokens must be below max_tokens',
    'the token budget is reached before the first tool call',
    // policy
    'Invalid type for messages[0].content: expected a string',
    'content must be a non-empty array of content blocks',
    'Unknown policy "strict" for tool_choice',
    'safety_settings: unknown category HARM_CATEGORY_X',
    'The content type is blocked by the server',
    'Request rejected due to a missing header',
    // regions and models
    "user_location.country: country code 'XX' is not supported",
    'The location field is not supported by this model',
    'text-embedding-3-small is not a valid model for chat completions',
    'Invalid model parameter: temperature must be at most 2',
    'model: Field required',
    'The model does not support images',
    "The model 'some-model' is not supported with response_format",
    'model some-model is not available as an embedding model',
    'access to the field is not allowed',
    'image server connection timeout must be a number',
    'failed to connect to the image host',
    // others
    'api_key is not a permitted field of the body',
    'timeout must be a number',
    'rate_limit is not a permitted field',
    'Function overloads are not supported in the schema',
    'unsupported region of interest in image 2',
  ])('%s', async (message) => {
    expect(await kindsOf(400, message)).toEqual(everywhere('bad_request'));
  });
});

describe('what a message quotes of the prompt decides nothing', () => {
  const PROMPTS: readonly string[] = [
    'My card was declined: insufficient balance, please add credits to my account',
    'Explain this log line: prompt is too long: 213462 tokens > 200000 maximum',
    'Translate: your request was rejected as a result of our safety system',
    'The page says too many requests, rate limit exceeded, please try again in 5 minutes',
    'The model `gpt-9` does not exist or you do not have access to it',
    'We see incorrect API key provided and the engine is currently overloaded',
  ];
  it.each(PROMPTS)('%s', async (prompt) => {
    expect(await kindsOf(400, `Invalid value at messages[0].content: '${prompt}'`, prompt)).toEqual(everywhere('bad_request'));
    expect(await kindsOf(500, `cannot render template for input "${prompt}"`, prompt)).toEqual(everywhere('internal_server'));
  });

  it('while the same words of the service itself do, although the prompt holds them too', async () => {
    const prompt = 'Yesterday I got: prompt is too long: 213462 tokens > 200000 maximum. What does it mean?';
    expect(await kindsOf(400, 'prompt is too long: 250000 tokens > 200000 maximum', prompt)).toEqual(
      everywhere('context_window_exceeded'),
    );
  });

  it('and no wait is read from it', async () => {
    const prompt = 'The printer says: try again in 45 minutes, then reset it';
    const error = await failure('openai', 429, `Too Many Requests for "${prompt}"`, prompt);
    expect(error).toMatchObject({ kind: 'rate_limit', retryable: true });
    expect(error.retryAfterMs).toBeUndefined();
  });
});

describe('a fault of the server keeps its class', () => {
  it.each([
    'failed to create context for model',
    'billing service unreachable',
    'content store returned an error',
    'quota service: connection refused',
    'rate limiter crashed',
  ])('%s', async (message) => {
    expect(await kindsOf(500, message)).toEqual(everywhere('internal_server'));
    expect(await kindsOf(503, message)).toEqual(everywhere('service_unavailable'));
  });
});
