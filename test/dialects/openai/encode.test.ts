import { describe, expect, it } from 'vitest';
import type { ChatMessageParam, ChatRequest } from '../../../src/contract/chat.ts';
import { chatEncoder } from '../../../src/dialects/openai/encode.ts';
import type { Quirks } from '../../../src/dialects/openai/quirks.ts';
import { OPENAI_MODELS } from '../../../src/dialects/openai/quirks.ts';
import { encodeJSON } from '../../../src/wire/json-body.ts';
import { callOf } from '../../support/call.ts';

const sent = (request: ChatRequest, quirks: Quirks = { trusted: true }, streams = false): Record<string, unknown> => {
  const call = callOf('chat', request);
  const message = chatEncoder<'chat'>(quirks, streams)(call);
  const body = encodeJSON(message.body ?? {});
  return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
};

const user: ChatMessageParam = { role: 'user', content: 'Hi' };

describe('what OpenAI is sent', () => {
  it('every parameter as it was given', () => {
    const request: ChatRequest = {
      messages: [{ role: 'developer', content: 'Be brief' }, user],
      max_completion_tokens: 5,
      reasoning_effort: 'low',
      verbosity: 'low',
      store: true,
      metadata: { a: 'b' },
      service_tier: 'flex',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: {}, strict: true } },
      tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: {} } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      logit_bias: { 5: 1 },
      n: 2,
      stop: ['x'],
      temperature: 0,
    };
    expect(sent(request)).toEqual({ model: 'gpt-5-mini', ...request });
  });

  it('the very messages where nothing has to change', () => {
    const request: ChatRequest = {
      messages: [user, { role: 'assistant', content: null, refusal: null, annotations: [] } as never],
    };
    const message = chatEncoder<'chat'>({ trusted: true }, false)(callOf('chat', request));
    expect((message.body as ChatRequest).messages).toBe(request.messages);
  });

  it('usage is asked for in streams, beside other stream options', () => {
    expect(sent({ messages: [user] }, {}, true)).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    const options = { include_usage: false, include_obfuscation: false };
    expect(sent({ messages: [user], stream_options: options }, {}, true).stream_options).toEqual({
      include_usage: true,
      include_obfuscation: false,
    });
    expect(sent({ messages: [user], stream_options: options })).not.toHaveProperty('stream_options');
  });
});

describe('additions to messages', () => {
  const turn = {
    role: 'assistant',
    content: 'x',
    reasoning_content: 'hm',
    reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
    thinking_blocks: [{ type: 'thinking', thinking: 'hm' }],
    cache_control: { type: 'ephemeral' },
    parsed: { a: 1 },
    tool_calls: [
      {
        id: 'a',
        type: 'function',
        function: { name: 'f', arguments: '{}', parsed_arguments: {} },
        extra_content: { google: { thought_signature: 's' } },
      },
    ],
  } as unknown as ChatMessageParam;

  it('are taken out, and the request stays as it was', () => {
    const before = structuredClone(turn);
    expect(sent({ messages: [turn] }).messages).toEqual([
      { role: 'assistant', content: 'x', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
    ]);
    expect(turn).toEqual(before);
  });

  it('of a reply that says nothing are kept from hosts that do not know them', () => {
    const reply = { role: 'assistant', content: null, refusal: null, annotations: [], audio: null, function_call: null };
    const messages = [reply] as unknown as ChatMessageParam[];
    expect(sent({ messages }).messages).toEqual([reply]);
    expect(sent({ messages }, {}).messages).toEqual([{ role: 'assistant', content: null }]);
    const refusal = { role: 'assistant', refusal: 'No' } as ChatMessageParam;
    expect(sent({ messages: [refusal] }, {}).messages).toEqual([refusal]);
  });

  it('cache_control leaves parts too', () => {
    const part = { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } } as never;
    expect(sent({ messages: [{ role: 'user', content: [part] }] }).messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    ]);
  });
});

describe('large media', () => {
  const data = 'QUJD'.repeat(50_000);

  it.each([
    ['an image', { type: 'image_url', image_url: { url: `data:image/png;base64,${data}`, detail: 'low' } }],
    ['audio', { type: 'input_audio', input_audio: { data, format: 'wav' } }],
    ['a file', { type: 'file', file: { file_data: `data:application/pdf;base64,${data}`, filename: 'a.pdf' } }],
  ])('%s arrives whole', (_, part) => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'See' }, part] }] as ChatMessageParam[];
    expect(sent({ messages }).messages).toEqual(messages);
  });
});

describe('parameters of a deviating host', () => {
  it('null is no value', () => {
    expect(sent({ messages: [user], n: null, store: null }, { lacks: ['n', 'store'] })).not.toHaveProperty('n');
  });

  it('an unsupported parameter names provider and itself', () => {
    const call = callOf('chat', { messages: [user], seed: 1 }, { provider: 'zai' });
    expect(() => chatEncoder<'chat'>({ lacks: ['seed'] }, false)(call)).toThrow(
      expect.objectContaining({ kind: 'unsupported_params', provider: 'zai', param: 'seed' }),
    );
  });

  it('with both token limits the newer one counts', () => {
    const quirks: Quirks = { tokenLimit: 'max_tokens' };
    expect(sent({ messages: [user], max_tokens: 1, max_completion_tokens: 2 }, quirks)).toEqual({
      model: 'gpt-5-mini',
      messages: [user],
      max_tokens: 2,
    });
  });

  it('models that refuse max_tokens get the newer one, and only they', () => {
    for (const [model, given, limit] of [
      ['gpt-5-mini', { max_tokens: 1 }, { max_completion_tokens: 1 }],
      ['o4-mini', { max_tokens: 1, max_completion_tokens: 2 }, { max_completion_tokens: 2 }],
      ['ft:o4-mini:acme::1', { max_tokens: 1 }, { max_completion_tokens: 1 }],
      ['gpt-4o', { max_tokens: 1 }, { max_tokens: 1 }],
      ['gpt-oss-120b', { max_tokens: 1 }, { max_tokens: 1 }],
    ] as const) {
      const call = callOf('chat', { messages: [user], ...given }, { model });
      const { body } = chatEncoder<'chat'>(OPENAI_MODELS, false)(call);
      expect(JSON.parse(JSON.stringify(body))).toEqual({ model, messages: [user], ...limit });
    }
  });

  it('ids of tool calls that are too long are sent by their ends, in a call and in its result', () => {
    const id = `chatcmpl-tool-${'0123456789abcdef'.repeat(2)}`;
    const call = { id, type: 'function' as const, function: { name: 'f', arguments: '{}' } };
    const loop: ChatRequest['messages'] = [
      { role: 'assistant', tool_calls: [call, { ...call, id: 'call_short' }] },
      { role: 'tool', tool_call_id: id, content: 'r' },
    ];
    const short = id.slice(-40);
    expect(sent({ messages: loop }, OPENAI_MODELS).messages).toMatchObject([
      { tool_calls: [{ id: short }, { id: 'call_short' }] },
      { tool_call_id: short },
    ]);
    expect(sent({ messages: loop }).messages).toEqual(loop);
  });
});
