import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { developerAPI } from '../../../src/dialects/gemini/service-traits.ts';
import { encoded, hello } from './encoded.ts';

const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Weather now',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, additionalProperties: false },
  },
};
const clock = { type: 'function' as const, function: { name: 'get_time', parameters: { type: 'object', properties: {} } } };
const chooseTool = (tool_choice: NonNullable<ChatRequest['tool_choice']>) =>
  encoded({ messages: hello, tools: [weather, clock], tool_choice });

describe('tools', () => {
  it('are declared with their JSON Schema, none where there are no properties', async () => {
    const { body } = await encoded({ messages: hello, tools: [weather, clock] });
    expect(body.tools).toEqual([
      {
        functionDeclarations: [
          { name: 'get_weather', description: 'Weather now', parametersJsonSchema: weather.function.parameters },
          { name: 'get_time' },
        ],
      },
    ]);
    expect(body.toolConfig).toBeUndefined();
  });

  it.each([{ $ref: '#/$defs/a' }, { anyOf: [] }, { type: 'object', additionalProperties: { type: 'string' } }])(
    'keeps the schema %j',
    async (parameters) => {
      const { body } = await encoded({ messages: hello, tools: [{ type: 'function', function: { name: 'f', parameters } }] });
      expect(body.tools).toEqual([{ functionDeclarations: [{ name: 'f', parametersJsonSchema: parameters }] }]);
    },
  );

  it('that are no functions are refused', async () => {
    const request: ChatRequest = { messages: hello, tools: [{ type: 'custom', custom: { name: 'c' } }] };
    await expect(encoded(request)).rejects.toMatchObject({ kind: 'unsupported_params', param: 'tools[0].type' });
    expect((await encoded(request, { options: { unsupportedParams: 'drop' } })).body.tools).toBeUndefined();
  });

  it('strict asks for validated calls from Gemini 3 on', async () => {
    const strict = { ...weather, function: { ...weather.function, strict: true } };
    const of = (model: string, tool_choice?: ChatRequest['tool_choice']) =>
      encoded({ messages: hello, tools: [strict], ...(tool_choice === undefined ? {} : { tool_choice }) }, { model });
    expect((await of('gemini-3.6-flash')).body.toolConfig).toEqual({ functionCallingConfig: { mode: 'VALIDATED' } });
    expect((await of('gemini-3.6-flash', 'required')).body.toolConfig).toEqual({ functionCallingConfig: { mode: 'ANY' } });
    const old = await of('gemini-2.5-flash');
    expect([old.body.toolConfig, old.warnings]).toEqual([
      undefined,
      ['gemini has no "tools[].function.strict"; sent without it'],
    ]);
  });
});

describe('tool_choice', () => {
  it.each<[NonNullable<ChatRequest['tool_choice']>, object]>([
    ['auto', { mode: 'AUTO' }],
    ['none', { mode: 'NONE' }],
    ['required', { mode: 'ANY' }],
    [
      { type: 'function', function: { name: 'get_time' } },
      { mode: 'ANY', allowedFunctionNames: ['get_time'] },
    ],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'get_time' } }] },
      },
      { mode: 'ANY', allowedFunctionNames: ['get_time'] },
    ],
  ])('%j', async (choice, functionCallingConfig) => {
    expect((await chooseTool(choice)).body.toolConfig).toEqual({ functionCallingConfig });
  });

  it('allowed tools without force: only they are declared', async () => {
    const { body } = await chooseTool({
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'get_time' } }] },
    });
    expect(body.tools).toEqual([{ functionDeclarations: [{ name: 'get_time' }] }]);
    expect(body.toolConfig).toEqual({ functionCallingConfig: { mode: 'AUTO' } });
  });

  it('means nothing without tools', async () => {
    expect((await encoded({ messages: hello, tool_choice: 'auto' })).body.toolConfig).toBeUndefined();
  });
});

describe('web_search_options', () => {
  it('is Google search', async () => {
    expect((await encoded({ messages: hello, web_search_options: {} })).body.tools).toEqual([{ googleSearch: {} }]);
  });

  it('stands next to functions from Gemini 3 on', async () => {
    const request: ChatRequest = { messages: hello, tools: [weather], web_search_options: { search_context_size: 'low' } };
    await expect(encoded(request, { model: 'gemini-2.5-flash' })).rejects.toMatchObject({ param: 'web_search_options' });
    const { body, warnings } = await encoded(request);
    expect(body.tools).toHaveLength(2);
    expect(body.toolConfig).toEqual({ includeServerSideToolInvocations: true });
    expect(warnings).toEqual(['gemini has no "web_search_options.search_context_size"; searched without it']);
    const other = await encoded(request, { service: { ...developerAPI, serverToolFlag: false } });
    expect(other.body.toolConfig).toBeUndefined();
  });
});
