import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../../src/contract/chat.ts';
import { decodeChat } from '../../../src/dialects/openai/decode.ts';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { callOf, contextOf } from '../../support/call.ts';

const decode = (body: unknown): ChatReply => decodeChat(body, contextOf(callOf('chat', { messages: [] }, { provider: 'host' })));

const reply = (message: object, finish: string | null = 'stop', more: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1_794_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish, logprobs: null }],
  ...more,
});

const first = (body: object): ChatReply['choices'][number] => decode(body).choices[0] as never;

describe('a whole reply', () => {
  it('of OpenAI is handed on as it is', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, prompt_tokens_details: { cached_tokens: 0 } };
    const message = { content: 'Hi', refusal: null, annotations: [] };
    const body = reply(message, 'stop', { usage, service_tier: 'default', system_fingerprint: 'fp' });
    expect(decode(structuredClone(body))).toEqual(body);
  });

  it('gets what a host left out', () => {
    expect(decode({ choices: [{ message: { content: 'Hi' } }] })).toEqual({
      id: 'chatcmpl-test-call',
      object: 'chat.completion',
      created: 1767323045,
      model: 'gpt-5-mini',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, finish_reason: 'stop', logprobs: null },
      ],
    });
  });

  it("keeps a host's own fields", () => {
    const body = reply({ content: 'Hi', annotations: [{ type: 'url_citation' }] }, 'stop', { citations: ['https://a.example'] });
    expect(decode(body)).toMatchObject({ citations: ['https://a.example'] });
  });

  it.each([
    ['Moonshot', { choices: [{ message: { content: 'x' }, usage: { prompt_tokens: 1, completion_tokens: 2 } }] }],
    ['Groq', reply({ content: 'x' }, 'stop', { x_groq: { usage: { prompt_tokens: 1, completion_tokens: 2 } } })],
  ])('finds the usage of %s', (_, body) => {
    expect(decode(body).usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 });
  });
});

describe('messages', () => {
  it("Databricks' list of parts", () => {
    const content = [
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] },
      { type: 'text', text: 'Hello ' },
      { type: 'text', text: 'there' },
    ];
    expect(first(reply({ content })).message).toMatchObject({ content: 'Hello there', reasoning_content: 'hm' });
  });

  it('reasoning under any name, once', () => {
    for (const fields of [{ reasoning: 'hm' }, { reasoning_text: 'hm' }, { reasoning_content: 'hm', reasoning: 'hm' }]) {
      const { message } = first(reply({ content: 'x', ...fields }));
      expect(message.reasoning_content).toBe('hm');
      expect(message).not.toHaveProperty('reasoning');
    }
  });

  it('details of reasoning stay for the next turn', () => {
    const details = [{ type: 'reasoning.text', text: 'hm', signature: 's' }];
    expect(first(reply({ content: 'x', reasoning: 'hm', reasoning_details: details })).message).toMatchObject({
      reasoning_content: 'hm',
      reasoning_details: details,
    });
  });

  it('tool calls without id and type, with arguments of any kind', () => {
    const tool_calls = [
      { function: { name: 'f', arguments: { a: 1 } } },
      { id: 'b', function: { name: 'g', arguments: null } },
      { id: 'c', type: 'function', function: { name: 'h', arguments: '{}' } },
    ];
    const { message, finish_reason } = first(reply({ content: null, tool_calls }, 'stop'));
    expect(finish_reason).toBe('tool_calls');
    expect(message.tool_calls).toMatchObject([
      { id: expect.stringMatching(/^call_/), type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
      { id: 'b', function: { arguments: '' } },
      { id: 'c', function: { arguments: '{}' } },
    ]);
  });

  it('an empty list of tool calls is none', () => {
    expect(first(reply({ content: 'x', tool_calls: [] }))).toMatchObject({ finish_reason: 'stop' });
    expect(first(reply({ content: 'x', tool_calls: [] })).message).not.toHaveProperty('tool_calls');
  });
});

describe('failures inside a 200', () => {
  it.each([
    ['OpenRouter', { error: { code: 502, message: 'x' }, user_id: 'u' }, 502],
    ['a code as text', { error: { code: '429', message: 'x' } }, 429],
    ['xAI', { code: 'The service is currently unavailable', error: 'x' }, undefined],
    ['MiniMax', { choices: null, base_resp: { status_code: 1008, status_msg: 'insufficient balance' } }, undefined],
    ['Portkey', { status: 'failure', message: 'x' }, undefined],
    ['a flat envelope', { code: 403, reason: 'NOT_ENOUGH_BALANCE', message: 'x' }, 403],
    ['Databricks', { error_code: 'REQUEST_LIMIT_EXCEEDED', message: 'x' }, undefined],
    ['an array', [{ error: { code: 400, message: 'x' } }], 400],
  ])('%s', (_, body, status) => {
    expect(() => decode(body)).toThrow(expect.objectContaining({ kind: 'internal_server', details: { body, status } }));
  });

  it.each([['text'], [null], [5], [[]], [{}], [{ choices: [] }], [{ choices: 'x' }], [{ choices: [null] }]])(
    '%o is not the protocol',
    (body) => {
      expect(() => decode(body)).toThrow(expect.objectContaining({ kind: 'response_validation' }));
    },
  );

  it.each(['error', 'network_error', 'model_context_window_exceeded'])('the finish reason %s', (finish) => {
    expect(() => decode(reply({ content: 'x' }, finish))).toThrow();
  });
});

describe('filters', () => {
  it('an answer with nothing left is refused', () => {
    for (const finish of ['content_filter', 'sensitive']) {
      expect(() => decode(reply({ content: '' }, finish))).toThrow(expect.objectContaining({ kind: 'content_policy_violation' }));
    }
  });

  it('an answer with some content is returned', () => {
    expect(first(reply({ content: 'He' }, 'content_filter'))).toMatchObject({
      finish_reason: 'content_filter',
      message: { content: 'He' },
    });
  });
});

it('no JSON value makes anything but a reply or an error of the library', () => {
  const keys = fc.constantFrom(
    'choices',
    'message',
    'content',
    'tool_calls',
    'function',
    'usage',
    'error',
    'finish_reason',
    'x_groq',
    'index',
    'prompt_tokens',
    '__proto__',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value')),
    ),
  }));
  fc.assert(
    fc.property(value, (message) => {
      for (const body of [
        message,
        { choices: [message] },
        { choices: [{ message }] },
        reply({ tool_calls: [message], content: message }, 'stop', { usage: message }),
      ]) {
        try {
          expect(Array.isArray(decode(structuredClone(body)).choices)).toBe(true);
        } catch (error) {
          if (!isLLMError(error)) throw error;
        }
      }
    }),
    { numRuns: 300 },
  );
});
