import type { Completion } from 'openai/resources/completions';
import { describe, expect, it } from 'vitest';
import {
  CompletionStreamDecoder,
  CompletionTally,
  completionEncoder,
  decodeCompletion,
} from '../../../src/dialects/openai/completions.ts';
import { callOf, contextOf } from '../../support/call.ts';
import { dataLines } from './streamed.ts';

const call = callOf('complete', { prompt: 'Once' }, { model: 'gpt-3.5-turbo-instruct' });

const TRANSCRIPT = `data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[{"text":"This","index":0,"logprobs":null,"finish_reason":null}],"model":"gpt-3.5-turbo-instruct","usage":null}
data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}],"model":"gpt-3.5-turbo-instruct","usage":null}
data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[],"model":"gpt-3.5-turbo-instruct","usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}
data: [DONE]`;

function streamed(events: readonly (string | object)[]): {
  chunks: Completion[];
  decoder: CompletionStreamDecoder;
  error: unknown;
} {
  const decoder = new CompletionStreamDecoder(contextOf(callOf('completeStream', { prompt: 'Once' })));
  const chunks: Completion[] = [];
  let error: unknown;
  try {
    for (const event of events) decoder.event(typeof event === 'string' ? event : JSON.stringify(event), '', chunks);
    decoder.end(chunks);
  } catch (thrown) {
    error = thrown;
  }
  return { chunks, decoder, error };
}

describe('requests', () => {
  it('are sent as they are', () => {
    const request = { prompt: 'Once', max_tokens: 5, logprobs: 0, stop: ['x'], suffix: 's' };
    const message = completionEncoder<'complete'>({}, false)(callOf('complete', request));
    expect(message.path).toBe('/completions');
    expect(JSON.parse(JSON.stringify(message.body))).toEqual({ model: 'gpt-5-mini', ...request });
  });

  it.each([[''], [[]]])('stop %o is left out', (stop) => {
    const message = completionEncoder<'complete'>({}, false)(callOf('complete', { prompt: 'Once', stop }));
    expect(JSON.parse(JSON.stringify(message.body))).not.toHaveProperty('stop');
  });

  it('the limit is max_tokens everywhere', () => {
    const encode = completionEncoder<'complete'>({ tokenLimit: 'max_completion_tokens' }, false);
    expect(encode(callOf('complete', { prompt: 'x', max_tokens: 3 })).body).toMatchObject({ max_tokens: 3 });
  });
});

describe('whole answers', () => {
  it('are mended', () => {
    expect(decodeCompletion({ choices: [{ text: 'x', finish_reason: 'eos_token' }, { text: null }] }, contextOf(call))).toEqual({
      id: 'chatcmpl-test-call',
      object: 'text_completion',
      created: 1767323045,
      model: 'gpt-3.5-turbo-instruct',
      choices: [
        { text: 'x', index: 0, finish_reason: 'stop', logprobs: null },
        { text: '', index: 1, finish_reason: 'stop', logprobs: null },
      ],
    });
  });

  it('that are errors, or filtered to nothing, raise', () => {
    const fails = (body: unknown, kind: string): void =>
      expect(() => decodeCompletion(body, contextOf(call))).toThrow(expect.objectContaining({ kind }));
    fails({ error: 'x' }, 'internal_server');
    fails({ choices: [null] }, 'response_validation');
    fails({}, 'response_validation');
    fails({ choices: [{ text: '', finish_reason: 'content_filter' }] }, 'content_policy_violation');
    fails({ choices: [{ text: 'x', finish_reason: 'error' }] }, 'internal_server');
  });
});

describe('streams', () => {
  it('the transcript of OpenAI', () => {
    const { chunks, decoder, error } = streamed(dataLines(TRANSCRIPT));
    expect(error).toBeUndefined();
    expect(chunks.map((chunk) => chunk.choices[0]?.text)).toEqual(['This', '', undefined]);
    expect(chunks.at(-1)).toMatchObject({ id: 'cmpl-7', choices: [], usage: { total_tokens: 12 } });
    expect(decoder).toMatchObject({ finished: true, done: true });
  });

  it('are finished by a finish reason or by [DONE] after text', () => {
    const text = { choices: [{ text: 'x', index: 0 }] };
    expect(streamed([text]).decoder.finished).toBe(false);
    expect(streamed(['[DONE]']).decoder.finished).toBe(false);
    expect(streamed([text, { choices: [{ text: '', index: 0, finish_reason: 'length' }] }]).decoder.finished).toBe(true);
    const { chunks, decoder } = streamed([text, '[DONE]']);
    expect(decoder.finished).toBe(true);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  it('errors come after the text', () => {
    const { chunks, error } = streamed([
      { choices: [{ text: 'x', index: 0 }] },
      { error: { message: 'x', type: 'server_error', param: null, code: null } },
    ]);
    expect(chunks).toHaveLength(1);
    expect(error).toMatchObject({ kind: 'internal_server' });
  });

  it('a whole answer is one chunk, its usage another', () => {
    const decoder = new CompletionStreamDecoder(contextOf(callOf('completeStream', { prompt: 'Once' })));
    const chunks: Completion[] = [];
    decoder.whole({ choices: [{ text: 'x' }], usage: { prompt_tokens: 1, completion_tokens: 1 } }, chunks);
    decoder.end(chunks);
    expect(chunks).toMatchObject([
      { choices: [{ text: 'x', finish_reason: 'stop' }] },
      { choices: [], usage: { total_tokens: 2 } },
    ]);
    expect(decoder).toMatchObject({ finished: true, done: true });
  });

  it('the tally knows text, filter and usage', () => {
    const tally = new CompletionTally();
    for (const chunk of streamed(dataLines(TRANSCRIPT)).chunks.slice(0, 2)) expect(tally.add(chunk)).toBe(false);
    const [last] = streamed(dataLines(TRANSCRIPT)).chunks.slice(-1);
    if (last === undefined) throw new Error('no chunk');
    expect(tally.add(last)).toBe(true);
    expect(tally).toMatchObject({ hasContent: true, filtered: false });
    expect(tally.partial()).toMatchObject({ content: 'This', chunks: 3, usage: { total_tokens: 12 } });
  });
});
