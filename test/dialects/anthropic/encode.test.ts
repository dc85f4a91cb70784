import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { hosted } from '../../../src/dialects/anthropic/placement.ts';
import { UnsupportedParamsError } from '../../../src/errors/provider-errors.ts';
import { encoded, HELLO } from './encoded.ts';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const FORMAT = { type: 'json_schema', json_schema: { name: 'place', schema: SCHEMA } } as const;
const TOOL = { type: 'function', function: { name: 'f', description: 'does', parameters: SCHEMA } } as const;
const OTHER = { type: 'function', function: { name: 'g' } } as const;

const refused = (request: Partial<ChatRequest>, param: string, model?: string) => {
  const options = model === undefined ? {} : { model };
  let error: unknown;
  try {
    encoded(request, options);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(UnsupportedParamsError);
  expect((error as UnsupportedParamsError).param).toBe(param);
  const dropped = encoded(request, { ...options, drop: true });
  expect(dropped.warnings.join()).toContain(`"${param}"`);
  return dropped.body;
};

describe('address', () => {
  it('is /v1/messages, with stream in the body', () => {
    const { path, body, headers } = encoded({}, { stream: true });
    expect(path).toBe('/v1/messages');
    expect(body).toMatchObject({ model: 'claude-sonnet-4-5', stream: true });
    expect(headers).toEqual({});
    expect(encoded({}).body).not.toHaveProperty('stream');
  });

  it('merges betas and replaces the version per call', () => {
    const placement = hosted({ version: '2023-06-01', betas: ['a'] });
    const { headers, body } = encoded(
      { providerOptions: { anthropic: { betas: ['b', 'a'], version: '2026-10-21' } } },
      { placement },
    );
    expect(headers).toEqual({ 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a,b' });
    expect(body).not.toHaveProperty('betas');
    expect(body).not.toHaveProperty('version');
  });

  it('is the placement’s to choose', () => {
    const { path, body } = encoded(
      { providerOptions: { anthropic: { betas: ['b'] } } },
      {
        placement: {
          version: 'cloud-1',
          place: ({ model: _, ...rest }, { model, betas }) => ({
            path: `/models/${model}:raw`,
            body: { anthropic_version: 'cloud-1', anthropic_beta: betas, ...rest },
          }),
        },
      },
    );
    expect(path).toBe('/models/claude-sonnet-4-5:raw');
    expect(body).toMatchObject({ anthropic_version: 'cloud-1', anthropic_beta: ['b'] });
    expect(body).not.toHaveProperty('model');
  });
});

describe('max_tokens', () => {
  it.each([
    ['claude-opus-5-5', 128_000],
    ['claude-sonnet-4-6', 128_000],
    ['claude-sonnet-4-5-20250929', 64_000],
    ['claude-sonnet-4-20250514', 64_000],
    ['claude-opus-4-1', 32_000],
    ['claude-opus-4-20250514', 32_000],
    ['claude-fable-5-20261001', 128_000],
    ['claude-3-5-haiku-latest', 8192],
    ['claude-3-opus-20240229', 4096],
    ['deepseek-chat', 4096],
  ])('%s: %i by default', (model, expected) => {
    expect(encoded({}, { model }).body.max_tokens).toBe(expected);
  });

  it('is the caller’s, the newer name first', () => {
    expect(encoded({ max_tokens: 10 }).body.max_tokens).toBe(10);
    expect(encoded({ max_tokens: 10, max_completion_tokens: 20 }).body.max_tokens).toBe(20);
  });
});

describe('sampling', () => {
  it('passes where the model takes it', () => {
    expect(encoded({ temperature: 0.2 }).body.temperature).toBe(0.2);
    expect(encoded({ temperature: 0.2, top_p: 0.5 }, { model: 'claude-opus-4-6' }).body).toMatchObject({
      temperature: 0.2,
      top_p: 0.5,
    });
    expect(encoded({ providerOptions: { anthropic: { top_k: 5 } } }).body.top_k).toBe(5);
  });

  it('refuses temperature above 1', () => {
    expect(refused({ temperature: 1.5 }, 'temperature')).not.toHaveProperty('temperature');
  });

  it('takes temperature or top_p, not both, on 4.5', () => {
    expect(refused({ temperature: 0.5, top_p: 0.5 }, 'top_p')).toMatchObject({ temperature: 0.5 });
    expect(encoded({ temperature: 0.5, top_p: 1 }).body).not.toHaveProperty('top_p');
  });

  it('refuses everything on newer models, but not what is the default anyway', () => {
    refused({ temperature: 0 }, 'temperature', 'claude-opus-4-7');
    refused({ top_p: 0.9 }, 'top_p', 'claude-sonnet-5-5');
    refused({ providerOptions: { anthropic: { top_k: 5 } } }, 'top_k', 'claude-haiku-5-5');
    const { body } = encoded({ temperature: 1, top_p: 1 }, { model: 'claude-opus-5' });
    expect(body).not.toHaveProperty('temperature');
    expect(body).not.toHaveProperty('top_p');
  });

  it('refuses it while thinking, and under the newer API version', () => {
    refused({ temperature: 0, reasoning_effort: 'low' }, 'temperature');
    refused({ temperature: 0, providerOptions: { anthropic: { version: '2026-10-21' } } }, 'temperature');
  });
});

describe('reasoning_effort', () => {
  const effort = (reasoning_effort: ChatRequest['reasoning_effort'], model: string, more: Partial<ChatRequest> = {}) => {
    const { body } = encoded({ reasoning_effort: reasoning_effort ?? null, ...more }, { model });
    return {
      thinking: body.thinking,
      effort: (body.output_config as { effort?: string } | undefined)?.effort,
      max: body.max_tokens,
    };
  };
  const adaptive = { type: 'adaptive', display: 'summarized' };

  it.each([
    ['minimal', 'claude-opus-5-5', 'low'],
    ['medium', 'claude-sonnet-4-6', 'medium'],
    ['xhigh', 'claude-sonnet-4-6', 'high'],
    ['xhigh', 'claude-fable-5-1', 'xhigh'],
    ['max', 'claude-opus-4-6', 'max'],
  ] as const)('%s on %s is adaptive thinking with effort %s', (given, model, expected) => {
    expect(effort(given, model)).toMatchObject({ thinking: adaptive, effort: expected });
  });

  it.each([
    ['minimal', 1024],
    ['low', 1024],
    ['medium', 2048],
    ['high', 4096],
  ] as const)('%s on a budget model is %i tokens on top of max_tokens', (given, budget_tokens) => {
    expect(effort(given, 'claude-sonnet-4-5', { max_tokens: 500 })).toEqual({
      thinking: { type: 'enabled', budget_tokens },
      effort: undefined,
      max: 500 + budget_tokens,
    });
  });

  it('never asks for more than the model’s maximum', () => {
    expect(effort('high', 'claude-opus-4-1')).toMatchObject({ max: 32_000 });
    expect(effort('high', 'claude-opus-4-1', { max_tokens: 31_000 })).toMatchObject({ max: 32_000 });
  });

  it.each([
    ['claude-sonnet-4-5', { type: 'disabled' }, undefined],
    ['claude-haiku-5-5', { type: 'disabled' }, undefined],
    ['claude-sonnet-5-5', { type: 'between_tools' }, undefined],
    ['claude-opus-5-5', undefined, 'low'],
    ['claude-fable-5', undefined, 'low'],
    ['claude-3-5-haiku-latest', undefined, undefined],
  ])('none on %s', (model, thinking, expected) => {
    expect(effort('none', model)).toMatchObject({ thinking, effort: expected });
  });

  it('is refused by models that do not reason', () => {
    refused({ reasoning_effort: 'low' }, 'reasoning_effort', 'claude-3-5-haiku-latest');
  });

  it('is overridden by providerOptions.thinking', () => {
    const thinking = { type: 'enabled', budget_tokens: 9000 } as const;
    expect(effort('low', 'claude-sonnet-4-5', { providerOptions: { anthropic: { thinking } }, max_tokens: 10_000 })).toEqual({
      thinking,
      effort: undefined,
      max: 10_000,
    });
  });

  it('is left out in a tool loop that another provider began', () => {
    const tool_calls = [{ id: 'a', type: 'function' as const, function: { name: 'f', arguments: '{}' } }];
    const loop: ChatRequest['messages'] = [
      ...HELLO,
      { role: 'assistant', content: null, tool_calls },
      { role: 'tool', tool_call_id: 'a', content: 'r' },
    ];
    const { body, warnings } = encoded({ reasoning_effort: 'low', messages: loop, tools: [TOOL] });
    expect(body).not.toHaveProperty('thinking');
    expect(warnings.join()).toMatch(/thinking blocks/);
    const thinking = { providerOptions: { anthropic: { thinking: { type: 'enabled', budget_tokens: 2000 } as const } } };
    const explicit = encoded({ ...thinking, messages: loop, tools: [TOOL] });
    expect(explicit.body).not.toHaveProperty('thinking');
    expect(explicit.warnings.join()).toMatch(/sent without "thinking"/);
    const own = loop.map((message) =>
      message.role === 'assistant'
        ? { ...message, thinking_blocks: [{ type: 'thinking' as const, thinking: 'hm', signature: 's' }] }
        : message,
    );
    expect(encoded({ reasoning_effort: 'low', messages: own, tools: [TOOL] }).body).toHaveProperty('thinking');
  });
});

describe('tools', () => {
  it('are described by an object schema', () => {
    const { body } = encoded({ tools: [TOOL, OTHER] });
    expect(body.tools).toEqual([
      { name: 'f', description: 'does', input_schema: SCHEMA },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
    ]);
    expect(body).not.toHaveProperty('tool_choice');
  });

  it('are left out when there are none', () => {
    const { body } = encoded({ tools: [], tool_choice: 'auto', parallel_tool_calls: false });
    expect(body).not.toHaveProperty('tools');
    expect(body).not.toHaveProperty('tool_choice');
  });

  it('are strict where the model knows it, with a schema that it accepts', () => {
    const strict = { type: 'function', function: { ...TOOL.function, strict: true } } as const;
    expect(encoded({ tools: [strict] }).body.tools).toEqual([
      { name: 'f', description: 'does', input_schema: { ...SCHEMA, additionalProperties: false }, strict: true },
    ]);
    const old = encoded({ tools: [strict] }, { model: 'claude-3-5-haiku-latest' });
    expect(old.body.tools).toEqual([{ name: 'f', description: 'does', input_schema: SCHEMA }]);
    expect(old.warnings.join()).toMatch(/strict/);
  });

  it('keep cache_control', () => {
    const { body } = encoded({ tools: [{ ...TOOL, cache_control: { type: 'ephemeral' } } as never] });
    expect(body.tools).toMatchObject([{ cache_control: { type: 'ephemeral' } }]);
  });

  it('of the custom kind are refused', () => {
    const body = refused({ tools: [TOOL, { type: 'custom', custom: { name: 'x' } }] }, 'a tool of type "custom"');
    expect(body.tools).toHaveLength(1);
  });

  it('include web search and Anthropic’s own', () => {
    const native = { type: 'bash_20250124', name: 'bash' };
    const { body } = encoded({
      tools: [OTHER],
      web_search_options: { user_location: { type: 'approximate', approximate: { city: 'Oslo' } } },
      providerOptions: { anthropic: { tools: [native] } },
    });
    expect(body.tools).toEqual([
      { name: 'g', input_schema: { type: 'object', properties: {} } },
      { type: 'web_search_20250305', name: 'web_search', user_location: { type: 'approximate', city: 'Oslo' } },
      native,
    ]);
  });

  it.each([
    ['auto', { type: 'auto' }],
    ['required', { type: 'any' }],
    ['none', { type: 'none' }],
    [
      { type: 'function', function: { name: 'f' } },
      { type: 'tool', name: 'f' },
    ],
  ] as const)('tool_choice %j', (tool_choice, expected) => {
    expect(encoded({ tools: [TOOL], tool_choice }).body.tool_choice).toEqual(expected);
  });

  it('are filtered by allowed_tools', () => {
    const allowed = { mode: 'required', tools: [{ type: 'function', function: { name: 'g' } }] } as const;
    const { body } = encoded({
      tools: [TOOL, OTHER],
      tool_choice: { type: 'allowed_tools', allowed_tools: { ...allowed, tools: [...allowed.tools] } },
    });
    expect(body.tools).toMatchObject([{ name: 'g' }]);
    expect(body.tool_choice).toEqual({ type: 'any' });
  });

  it('are called one at a time when asked', () => {
    const single = { disable_parallel_tool_use: true };
    expect(encoded({ tools: [TOOL], parallel_tool_calls: false }).body.tool_choice).toEqual({ type: 'auto', ...single });
    const forced = encoded({ tools: [TOOL], tool_choice: 'required', parallel_tool_calls: false });
    expect(forced.body.tool_choice).toEqual({ type: 'any', ...single });
  });

  it('cannot be forced where the model or its thinking forbids it', () => {
    const forced = { tools: [TOOL], tool_choice: 'required' } satisfies Partial<ChatRequest>;
    expect(refused(forced, 'tool_choice', 'claude-sonnet-5-5').tool_choice).toEqual({ type: 'auto' });
    expect(refused(forced, 'tool_choice', 'claude-fable-5-2-20261101').tool_choice).toEqual({ type: 'auto' });
    expect(encoded(forced, { model: 'claude-fable-5-20261101' }).body.tool_choice).toEqual({ type: 'any' });
    expect(refused({ ...forced, reasoning_effort: 'low' }, 'tool_choice').tool_choice).toEqual({ type: 'auto' });
    expect(encoded(forced, { model: 'claude-haiku-5-5' }).body.tool_choice).toEqual({ type: 'any' });
  });
});

describe('response_format', () => {
  it('is output_config where the model has it', () => {
    const { body } = encoded({ response_format: FORMAT, reasoning_effort: 'low' }, { model: 'claude-sonnet-4-6' });
    expect(body.output_config).toEqual({
      effort: 'low',
      format: { type: 'json_schema', schema: { ...SCHEMA, additionalProperties: false } },
    });
  });

  it('is a forced tool where it has not', () => {
    const { body } = encoded({ response_format: FORMAT }, { model: 'claude-sonnet-4-20250514' });
    expect(body.tools).toMatchObject([{ name: 'json', input_schema: SCHEMA }]);
    expect(body.tool_choice).toEqual({ type: 'tool', name: 'json', disable_parallel_tool_use: true });
    const beside = encoded({ response_format: FORMAT, tools: [TOOL] }, { model: 'claude-sonnet-4-20250514' });
    expect(beside.body.tool_choice).toEqual({ type: 'any' });
    expect(beside.body.tools).toMatchObject([{ name: 'f' }, { name: 'json' }]);
    const tool_choice = { type: 'function', function: { name: 'f' } } as const;
    const named = encoded({ response_format: FORMAT, tools: [TOOL], tool_choice }, { model: 'claude-sonnet-4-20250514' });
    expect(named.body.tool_choice).toEqual({ type: 'tool', name: 'f' });
  });

  it('cannot be forced while an older model thinks', () => {
    const request = { response_format: FORMAT, reasoning_effort: 'low' } satisfies Partial<ChatRequest>;
    expect(refused(request, 'response_format', 'claude-sonnet-4-20250514')).not.toHaveProperty('tools');
  });

  it('json_object is asked for in the system prompt', () => {
    const { body, warnings } = encoded({
      messages: [{ role: 'system', content: 'Be brief.' }, ...HELLO],
      response_format: { type: 'json_object' },
    });
    expect(body.system).toMatchObject([{ text: 'Be brief.' }, { text: expect.stringMatching(/JSON object/) }]);
    expect(warnings).toHaveLength(1);
    expect(encoded({ response_format: { type: 'text' } }).body).not.toHaveProperty('system');
  });
});

describe('other parameters', () => {
  it('stop', () => {
    expect(encoded({ stop: 'END' }).body.stop_sequences).toEqual(['END']);
    expect(encoded({ stop: ['a', 'b'] }).body.stop_sequences).toEqual(['a', 'b']);
    expect(refused({ stop: ['\n', 'b'] }, 'stop').stop_sequences).toEqual(['b']);
    expect(encoded({ stop: null }).body).not.toHaveProperty('stop_sequences');
  });

  it('user is metadata.user_id', () => {
    expect(encoded({ user: 'u1' }).body.metadata).toEqual({ user_id: 'u1' });
    expect(encoded({ user: 'u1', safety_identifier: 's1' }).body.metadata).toEqual({ user_id: 's1' });
  });

  it.each([
    ['auto', { service_tier: 'auto' }],
    ['default', { service_tier: 'standard_only' }],
    ['priority', { service_tier: 'auto' }],
    ['fast', { speed: 'fast' }],
  ] as const)('service_tier %s', (service_tier, expected) => {
    expect(encoded({ service_tier }).body).toMatchObject(expected);
  });

  it('service_tier fast asks for its beta, flex is dropped', () => {
    expect(encoded({ service_tier: 'fast' }).headers['anthropic-beta']).toBe('fast-mode-2026-02-01');
    const { body, warnings } = encoded({ service_tier: 'flex' });
    expect(body).not.toHaveProperty('service_tier');
    expect(warnings.join()).toMatch(/service_tier/);
  });

  it('provider options go along as they are; those of others do not', () => {
    const { body } = encoded({
      user: 'u1',
      providerOptions: {
        anthropic: {
          cache_control: { type: 'ephemeral' },
          container: 'c1',
          output_config: { effort: 'low' },
          metadata: { tenant: 't' },
        },
        gemini: { topK: 3 },
      },
    });
    expect(body).toMatchObject({
      cache_control: { type: 'ephemeral' },
      container: 'c1',
      output_config: { effort: 'low' },
      metadata: { user_id: 'u1', tenant: 't' },
    });
    expect(body).not.toHaveProperty('topK');
  });

  it.each([
    [{ n: 2 }, 'n'],
    [{ seed: 1 }, 'seed'],
    [{ logit_bias: { '1': 2 } }, 'logit_bias'],
    [{ logprobs: true }, 'logprobs'],
    [{ top_logprobs: 2 }, 'top_logprobs'],
    [{ frequency_penalty: 0.5 }, 'frequency_penalty'],
    [{ presence_penalty: 0.5 }, 'presence_penalty'],
    [{ prediction: { type: 'content', content: 'x' } }, 'prediction'],
    [{ verbosity: 'low' }, 'verbosity'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ audio: { format: 'wav', voice: 'x' } }, 'audio'],
    [{ functions: [{ name: 'f' }] }, 'functions'],
  ] as [Partial<ChatRequest>, string][])('%j is unsupported', (request, param) => {
    const body = refused(request, param);
    expect(Object.keys(body).sort()).toEqual(['max_tokens', 'messages', 'model']);
  });

  it('values that change nothing are left out silently, hints with a warning', () => {
    const neutral = encoded({
      n: 1,
      logprobs: false,
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      modalities: ['text'],
      stream_options: { include_usage: true },
      tool_choice: 'none',
    });
    expect(Object.keys(neutral.body).sort()).toEqual(['max_tokens', 'messages', 'model']);
    expect(neutral.warnings).toEqual([]);
    const hints = encoded({ store: true, metadata: { a: 'b' }, prompt_cache_key: 'k', prompt_cache_retention: '24h' });
    expect(Object.keys(hints.body).sort()).toEqual(['max_tokens', 'messages', 'model']);
    expect(hints.warnings).toHaveLength(4);
  });
});
