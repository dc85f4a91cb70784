import { describe, expect, it } from 'vitest';
import { openaiHost } from '../../../src/providers/openai-hosts/openai-hosts.ts';
import { explained } from '../../support/explain.ts';
import { itExplains, openai, row } from '../../support/failure-rows.ts';
import { PLAIN_REPLY, providerOn } from '../../support/recording-transport.ts';

type Settings = NonNullable<Parameters<typeof providerOn>[1]>;

const on = (id: string, answer?: Settings['answer']): ReturnType<typeof providerOn> =>
  providerOn(openaiHost(id), {
    settings: { baseURL: 'http://localhost:8000/v1' },
    ...(answer === undefined ? {} : { answer }),
  });

const messages = [{ role: 'user' as const, content: 'Hi' }];
const event = (body: object): string => `data: ${JSON.stringify(body)}\n\n`;
const HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_794_000_000, model: 'qwen3' };
const delta = (delta: object, finish_reason: string | null = null): object => ({
  ...HEAD,
  choices: [{ index: 0, delta, finish_reason, logprobs: null }],
});

async function chunksOf(stream: AsyncIterable<unknown>): Promise<{ chunks: unknown[]; error: unknown }> {
  const chunks: unknown[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  return { chunks, error: undefined };
}

describe('vLLM', () => {
  it('takes its own fields, and developers as system', async () => {
    const { sent } = await on('vllm').run('chat', {
      messages: [{ role: 'developer', content: 'Be short.' }, ...messages],
      max_tokens: 5,
      max_completion_tokens: 9,
      logprobs: true,
      top_logprobs: 2,
      providerOptions: {
        vllm: { structured_outputs: { choice: ['yes', 'no'] }, top_k: 20, chat_template_kwargs: { enable_thinking: false } },
      },
    });
    expect(sent.body).toMatchObject({
      messages: [{ role: 'system', content: 'Be short.' }, messages[0]],
      max_tokens: 5,
      max_completion_tokens: 9,
      top_logprobs: 2,
      structured_outputs: { choice: ['yes', 'no'] },
      top_k: 20,
      chat_template_kwargs: { enable_thinking: false },
    });
  });

  it('reads reasoning under either name, empty tool calls and a named choice that ends with stop', async () => {
    const message = (more: object): object => ({
      ...PLAIN_REPLY,
      choices: [{ index: 0, message: { role: 'assistant', content: null, ...more }, finish_reason: 'stop', stop_reason: null }],
    });
    const call = { id: 'chatcmpl-tool-1', type: 'function', function: { name: 'f', arguments: '{}' } };
    const named = await on('vllm', message({ reasoning: 'Need it.', tool_calls: [call] })).run('chat', { messages });
    expect(named.result.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { reasoning_content: 'Need it.', tool_calls: [call] },
    });
    const plain = await on('vllm', message({ content: 'Hi', tool_calls: [], refusal: null })).run('chat', { messages });
    expect(plain.result.choices[0]?.message).not.toHaveProperty('tool_calls');
    expect(plain.result.choices[0]?.finish_reason).toBe('stop');
  });

  it('keeps a name delta without arguments, and fails with an error in mid-stream', async () => {
    const answer =
      event(delta({ role: 'assistant', content: '' })) +
      event(delta({ tool_calls: [{ id: 'chatcmpl-tool-1', type: 'function', index: 0, function: { name: 'f' } }] })) +
      event({ error: { message: 'Engine died', type: 'InternalServerError', param: null, code: 500 } }) +
      'data: [DONE]\n\n';
    const { result } = await on('vllm', answer).run('stream', { messages });
    const { chunks, error } = await chunksOf(result);
    expect(JSON.stringify(chunks)).toContain('"name":"f"');
    expect(error).toMatchObject({ kind: 'internal_server', status: 500, partial: { tool_calls: [{ name: 'f' }] } });
  });

  itExplains('vllm', [
    row(400, openai('3 validation errors:\n  messages: "rate limit exceeded"', 400, 'BadRequestError'), 'BadRequestError'),
    row(
      400,
      openai('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', 400),
      'BadRequestError',
    ),
    row(401, { error: 'Unauthorized' }, 'AuthenticationError'),
    row(404, { detail: 'Not Found' }, 'NotFoundError'),
    row(499, '', 'APIConnectionError'),
    row(501, openai('not implemented', 501, 'NotImplementedError'), 'BadRequestError'),
    row(503, '', 'ServiceUnavailableError'),
  ]);
});

describe('llama.cpp', () => {
  const timings = { cache_n: 40, prompt_n: 120, predicted_n: 30 };
  const usage = { completion_tokens: 30, prompt_tokens: 160, total_tokens: 190 };

  it('counts cached tokens from the timings, where usage does not tell', async () => {
    const whole = await on('llamacpp', { ...PLAIN_REPLY, usage, timings }).run('chat', { messages });
    expect(whole.result.usage).toMatchObject({ prompt_tokens: 160, prompt_tokens_details: { cached_tokens: 40 } });
    const told = { ...usage, prompt_tokens_details: { cached_tokens: 7 } };
    const newer = await on('llamacpp', { ...PLAIN_REPLY, usage: told, timings }).run('chat', { messages });
    expect(newer.result.usage?.prompt_tokens_details?.cached_tokens).toBe(7);
  });

  it('reads a stream with progress, reasoning and timings', async () => {
    const answer =
      event({
        ...delta({ role: 'assistant', content: null }),
        prompt_progress: { total: 160, cache: 40, processed: 80, time_ms: 9 },
      }) +
      event({ ...HEAD, choices: [], prompt_progress: { total: 160, cache: 40, processed: 160, time_ms: 18 } }) +
      event(delta({ reasoning_content: 'Hm.' })) +
      event(delta({ content: 'Hi' })) +
      event(delta({}, 'length')) +
      event({ ...HEAD, choices: [], usage, timings }) +
      'data: [DONE]\n\n';
    const { result, sent } = await on('llamacpp', answer).run('stream', { messages });
    const { chunks, error } = await chunksOf(result);
    expect(error).toBeUndefined();
    expect(JSON.stringify(chunks)).toContain('"reasoning_content":"Hm."');
    expect(result.usage).toMatchObject({ total_tokens: 190, prompt_tokens_details: { cached_tokens: 40 } });
    expect(sent.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('hears of an error in a field that no standard knows', async () => {
    const answer =
      event(delta({ content: 'Hi' })) +
      'error: {"code":500,"message":"Context size has been exceeded.","type":"server_error"}\n\n';
    const { result } = await on('llamacpp', answer).run('stream', { messages });
    expect((await chunksOf(result)).error).toMatchObject({ kind: 'context_window_exceeded', partial: { content: 'Hi' } });
  });

  it('keeps the numbers of an overflow', async () => {
    const message = 'request (25837 tokens) exceeds the available context size (25088 tokens), try increasing it';
    const body = { error: { code: 400, message, type: 'exceed_context_size_error', n_prompt_tokens: 25837, n_ctx: 25088 } };
    const error = await explained('llamacpp', 400, body);
    expect(error.kind).toBe('context_window_exceeded');
    expect(Object.values(error.details)).toEqual(expect.arrayContaining([25837, 25088]));
  });

  it('refuses dimensions, which the server would ignore', async () => {
    await expect(on('llamacpp').run('embed', { input: 'x', dimensions: 4 })).rejects.toMatchObject({
      kind: 'unsupported_params',
      param: 'dimensions',
    });
  });

  itExplains('llamacpp', [
    row(503, openai('Loading model', 503, 'unavailable_error'), 'ServiceUnavailableError'),
    row(
      500,
      openai('input is too large to process. increase the physical batch size', 500, 'server_error'),
      'ContextWindowExceededError',
    ),
    row(500, openai('tools param requires --jinja flag', 500, 'server_error'), 'BadRequestError'),
    row(
      500,
      openai(
        'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
        500,
        'server_error',
      ),
      'BadRequestError',
    ),
    row(400, openai('Cannot use custom grammar constraints with tools.', 400), 'BadRequestError'),
    row(401, openai('Invalid API Key', 401, 'authentication_error'), 'AuthenticationError'),
    row(404, openai('File Not Found', 404, 'not_found_error'), 'NotFoundError'),
    row(
      501,
      openai('This server does not support embeddings. Start it with `--embeddings`', 501, 'not_supported_error'),
      'BadRequestError',
    ),
    row(
      400,
      { detail: JSON.stringify(openai('the request exceeds the available context size', 400, 'exceed_context_size_error')) },
      'ContextWindowExceededError',
    ),
  ]);
});

describe('LM Studio', () => {
  itExplains('lm_studio', [
    row(
      400,
      {
        error:
          'The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 10978 >= n_ctx: 8192)',
      },
      'ContextWindowExceededError',
    ),
    row(
      404,
      { error: { message: 'No models loaded. Please load a model in the developer page.', type: 'invalid_request_error' } },
      'NotFoundError',
    ),
    row(undefined, { error: { message: 'Context size has been exceeded' } }, 'ContextWindowExceededError'),
  ]);
});
