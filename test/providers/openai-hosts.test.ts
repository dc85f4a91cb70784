import { describe, expect, it } from 'vitest';
import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../src/contract/call.ts';
import type { ChatMessageParam, ChatRequest } from '../../src/contract/chat.ts';
import type { ProviderSettings } from '../../src/contract/provider.ts';
import { OPENAI_HOST_IDS } from '../../src/providers/openai-hosts/ids.ts';
import { openaiCompatible } from '../../src/providers/openai-hosts/openai-compatible.ts';
import { openaiHost } from '../../src/providers/openai-hosts/openai-hosts.ts';
import { OPENAI_HOSTS } from '../../src/providers/openai-hosts/table.ts';
import { PLAIN_STREAM, providerOn } from '../support/recording-transport.ts';

const KEY = 'sk-test-key';
const messages: ChatMessageParam[] = [{ role: 'user', content: 'Hi' }];
const request = (extra: Partial<ChatRequest> = {}): ChatRequest => ({ messages, ...extra });

/** Settings with which a host's requests go somewhere. */
const settingsOf = (id: string): ProviderSettings => {
  const host = OPENAI_HOSTS[id as keyof typeof OPENAI_HOSTS];
  if (host.address !== undefined) return { apiKey: KEY, [host.address.setting]: 'acme' };
  return host.baseURL === undefined ? { apiKey: KEY, baseURL: 'http://localhost:9/v1' } : { apiKey: KEY };
};
const hostOn = (id: string, answer?: object | string) =>
  providerOn(openaiHost(id), { settings: settingsOf(id), ...(answer === undefined ? {} : { answer }) });

const chats = (id: keyof typeof OPENAI_HOSTS): boolean => OPENAI_HOSTS[id].quirks.offers?.includes('chat') ?? true;
const LIVE = OPENAI_HOST_IDS.filter((id) => OPENAI_HOSTS[id].retired === undefined && chats(id));
const RETIRED = OPENAI_HOST_IDS.filter((id) => OPENAI_HOSTS[id].retired !== undefined);

describe.each(LIVE)('%s', (id) => {
  const { quirks, auth = { header: 'authorization', scheme: 'Bearer ' } } = OPENAI_HOSTS[id];

  it('sends a chat request to its address with its key', async () => {
    const { result, sent } = await hostOn(id).run('chat', request());
    expect(result.choices[0]?.message.content).toBe('Hi');
    const base = OPENAI_HOSTS[id].baseURL ?? OPENAI_HOSTS[id].address?.url.replace('{}', 'acme') ?? 'http://localhost:9/v1';
    expect(sent.url).toBe(`${base}/chat/completions`);
    expect(sent.headers[auth.header]).toBe(auth.scheme + KEY);
    expect(sent.body).toMatchObject({ model: 'some/model', messages, ...quirks.body });
    expect(sent.body).not.toHaveProperty('providerOptions');
    expect(sent.body).not.toHaveProperty('stream');
  });

  it('asks for usage in streams only where the host knows how', async () => {
    const { sent } = await hostOn(id, PLAIN_STREAM).run('stream', request());
    expect(sent.body.stream).toBe(true);
    expect(sent.body.stream_options).toEqual(quirks.streamOptions === false ? undefined : { include_usage: true });
  });

  it('uses the one name for the token limit', async () => {
    const field = quirks.tokenLimit;
    const host = hostOn(id);
    for (const given of ['max_tokens', 'max_completion_tokens'] as const) {
      const { sent } = await host.run('chat', request({ [given]: 7 }));
      const other = (field ?? given) === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
      expect(sent.body[field ?? given]).toBe(7);
      expect(sent.body).not.toHaveProperty(other);
    }
  });

  it('keeps the role developer only where it is known', async () => {
    const { sent } = await hostOn(id).run('chat', { messages: [{ role: 'developer', content: 'Be brief' }, ...messages] });
    const [first] = sent.body.messages as { role: string }[];
    expect(first?.role).toBe(quirks.developerRole === 'system' ? 'system' : 'developer');
  });

  it('leaves out what cannot change the answer, with a warning, and sends it where it is known', async () => {
    const hint = { metadata: { a: 'b' } };
    const { sent, warnings } = await hostOn(id).run('chat', request(hint));
    const lacks = quirks.lacks?.includes('metadata') === true && quirks.keeps?.includes('metadata') !== true;
    expect(sent.body.metadata).toEqual(lacks ? undefined : hint.metadata);
    expect(warnings).toHaveLength(lacks ? 1 : 0);
  });

  it('refuses each parameter that it lacks, and drops it when told to', async () => {
    const values: Record<string, unknown> = {
      frequency_penalty: 0.5,
      presence_penalty: 0.5,
      logit_bias: { 5: 1 },
      logprobs: true,
      top_logprobs: 2,
      n: 2,
      seed: 1,
      stop: ['x'],
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      verbosity: 'low',
      modalities: ['audio'],
      audio: { voice: 'alloy', format: 'wav' },
      prediction: { type: 'content', content: 'x' },
    };
    const host = hostOn(id);
    for (const param of quirks.lacks ?? []) {
      if (!(param in values) || quirks.keeps?.includes(param)) continue;
      const extra = { [param]: values[param] } as Partial<ChatRequest>;
      await expect(host.run('chat', request(extra)), param).rejects.toMatchObject({ kind: 'unsupported_params', param });
      const { sent, warnings } = await host.run('chat', request(extra), { options: { unsupportedParams: 'drop' } });
      expect(sent.body).not.toHaveProperty(param);
      expect(warnings).toEqual([expect.stringContaining(`"${param}"`)]);
    }
  });

  it('is silent about parameters that ask for nothing', async () => {
    const { warnings } = await hostOn(id).run(
      'chat',
      request({ n: 1, logprobs: false, frequency_penalty: 0, modalities: ['text'] }),
    );
    expect(warnings).toEqual([]);
  });

  it('adds the fields of providerOptions under its own name only', async () => {
    const providerOptions = { [id]: { top_k: 5 }, someone_else: { secret: 1 } };
    const { sent } = await hostOn(id).run('chat', request({ providerOptions }));
    expect(sent.body.top_k).toBe(5);
    expect(JSON.stringify(sent.body)).not.toContain('secret');
  });

  it('takes our own additions out of messages, unless it understands them', async () => {
    const { sent } = await hostOn(id).run('chat', {
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } } as never] },
        {
          role: 'assistant',
          content: 'Hello',
          reasoning_content: 'hm',
          thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }],
          tool_calls: [
            {
              id: 't',
              type: 'function',
              function: { name: 'f', arguments: '{}' },
              extra_content: { google: { thought_signature: 'x' } },
            } as never,
          ],
        },
        { role: 'tool', tool_call_id: 't', content: 'ok' },
      ],
    });
    const text = JSON.stringify(sent.body.messages);
    const knows = (extra: never): boolean => quirks.messageExtras?.includes(extra) === true;
    expect(text.includes('cache_control')).toBe(knows('cache_control' as never));
    expect(text.includes('thinking_blocks')).toBe(knows('thinking_blocks' as never));
    expect(text.includes('extra_content')).toBe(knows('extra_content' as never));
    const assistant = (sent.body.messages as Record<string, unknown>[])[1] ?? {};
    for (const field of ['reasoning_content', 'reasoning'] as const) {
      expect(assistant[field]).toBe(quirks.reasoningBack === field ? 'hm' : undefined);
    }
  });

  it('offers what its row says and nothing else', () => {
    const offers = quirks.offers ?? ['chat', 'complete', 'embed', 'models'];
    const names: string[] = offers.flatMap((name) =>
      name === 'chat' ? ['chat', 'stream'] : name === 'complete' ? ['complete', 'completeStream'] : [name],
    );
    if (quirks.rerank !== undefined) names.push('rerank');
    if (quirks.batches !== undefined) names.push(...BATCH_OPERATIONS, ...FILE_OPERATIONS);
    expect([...hostOn(id).offers].sort()).toEqual([...names].sort());
  });

  it('asks for a key only where it needs one', () => {
    const { apiKey: _, ...keyless } = settingsOf(id);
    const { envKeys, keyless: works } = OPENAI_HOSTS[id];
    const make = () => providerOn(openaiHost(id), { settings: keyless });
    if (works) expect(make).not.toThrow();
    else
      expect(make).toThrow(
        expect.objectContaining({ kind: 'configuration', message: expect.stringContaining(envKeys[0] ?? '-') }),
      );
  });

  it('reads every variable of its row', async () => {
    const { envKeys, envBase = [] } = OPENAI_HOSTS[id];
    const { apiKey: _, ...keyless } = settingsOf(id);
    for (const name of envKeys) {
      const { sent } = await providerOn(openaiHost(id), { settings: keyless, env: { [name]: KEY } }).run('chat', request());
      expect(sent.headers[auth.header]).toBe(auth.scheme + KEY);
    }
    for (const name of envBase) {
      const env = { [name]: 'http://127.0.0.1:9/base' };
      const { sent } = await providerOn(openaiHost(id), { settings: { apiKey: KEY }, env }).run('chat', request());
      expect(sent.url).toBe(`http://127.0.0.1:9/base${OPENAI_HOSTS[id].sdkPath ?? ''}/chat/completions`);
    }
  });
});

describe('addresses', () => {
  it.each([
    ['openai', 'https://api.openai.com/v1'],
    ['groq', 'https://api.groq.com/openai/v1'],
    ['deepseek', 'https://api.deepseek.com'],
    ['xai', 'https://api.x.ai/v1'],
    ['openrouter', 'https://openrouter.ai/api/v1'],
    ['perplexity', 'https://api.perplexity.ai'],
    ['together_ai', 'https://api.together.ai/v1'],
    ['fireworks_ai', 'https://api.fireworks.ai/inference/v1'],
    ['cerebras', 'https://api.cerebras.ai/v1'],
    ['nvidia_nim', 'https://integrate.api.nvidia.com/v1'],
    ['sambanova', 'https://api.sambanova.ai/v1'],
    ['deepinfra', 'https://api.deepinfra.com/v1/openai'],
    ['novita', 'https://api.novita.ai/openai/v1'],
    ['nebius', 'https://api.tokenfactory.nebius.com/v1'],
    ['hyperbolic', 'https://api.hyperbolic.xyz/v1'],
    ['chutes', 'https://llm.chutes.ai/v1'],
    ['moonshot', 'https://api.moonshot.ai/v1'],
    ['zai', 'https://api.z.ai/api/paas/v4'],
    ['dashscope', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1'],
    ['volcengine', 'https://ark.cn-beijing.volces.com/api/v3'],
    ['minimax', 'https://api.minimax.io/v1'],
    ['portkey', 'https://api.portkey.ai/v1'],
    ['vercel_ai_gateway', 'https://ai-gateway.vercel.sh/v1'],
    ['inference_net', 'https://api.inference.net/v1'],
    ['friendliai', 'https://api.friendli.ai/serverless/v1'],
    ['baseten', 'https://inference.baseten.co/v1'],
    ['snowflake', 'https://acme.snowflakecomputing.com/api/v2/cortex/v1'],
    ['databricks', 'https://acme/serving-endpoints'],
  ])('%s answers at %s', async (id, base) => {
    const { sent } = await hostOn(id).run('chat', request());
    expect(sent.url).toBe(`${base}/chat/completions`);
  });

  it.each(['vllm', 'lm_studio', 'llamacpp', 'litellm_proxy', 'openai_compatible', 'custom_openai', 'databricks', 'snowflake'])(
    '%s asks for an address',
    (id) => {
      expect(() => providerOn(openaiHost(id), { settings: { apiKey: KEY } })).toThrow(
        expect.objectContaining({
          kind: 'configuration',
          code: 'missing_setting',
          message: expect.stringMatching(/baseURL|host|account/),
        }),
      );
    },
  );

  it('a base URL of the settings beats the environment and the row', async () => {
    const settings = { apiKey: KEY, baseURL: 'https://proxy.example/v1/' };
    const { sent } = await providerOn(openaiHost('openai'), { settings, env: { OPENAI_BASE_URL: 'https://other.example' } }).run(
      'chat',
      request(),
    );
    expect(sent.url).toBe('https://proxy.example/v1/chat/completions');
  });

  it.each(['https://acme.cloud.databricks.com/', 'acme.cloud.databricks.com'])(
    'Databricks takes its host as %s',
    async (host) => {
      const { sent } = await providerOn(openaiHost('databricks'), { env: { DATABRICKS_HOST: host, DATABRICKS_TOKEN: KEY } }).run(
        'chat',
        request(),
      );
      expect(sent.url).toBe('https://acme.cloud.databricks.com/serving-endpoints/chat/completions');
    },
  );

  it('a key is never sent where there is none', async () => {
    const { sent } = await providerOn(openaiHost('vllm'), { settings: { baseURL: 'http://localhost:8000/v1' } }).run(
      'chat',
      request(),
    );
    expect(sent.headers).not.toHaveProperty('authorization');
  });

  it('DeepSeek completes under /beta', async () => {
    const answer = { id: 'c', choices: [{ text: 'x', index: 0, finish_reason: 'stop' }] };
    const { sent } = await hostOn('deepseek', answer).run('complete', { prompt: 'Once', max_tokens: 5 });
    expect(sent.url).toBe('https://api.deepseek.com/beta/completions');
    expect(sent.body.max_tokens).toBe(5);
  });
});

describe('headers from settings', () => {
  it.each([
    ['openai', { organization: 'org-1', project: 'proj-1' }, { 'openai-organization': 'org-1', 'openai-project': 'proj-1' }],
    [
      'portkey',
      { provider: '@openai', config: { retry: 1 } },
      { 'x-portkey-provider': '@openai', 'x-portkey-config': '{"retry":1}' },
    ],
    ['friendliai', { team: 't' }, { 'x-friendli-team': 't' }],
    ['openrouter', { referer: 'https://a.example', title: 'A' }, { 'http-referer': 'https://a.example', 'x-title': 'A' }],
  ])('%s', async (id, settings, headers) => {
    const { sent } = await providerOn(openaiHost(id), { settings: { apiKey: KEY, ...settings } }).run('chat', request());
    expect(sent.headers).toMatchObject(headers);
  });

  it('organisation and project come from the environment too', async () => {
    const env = { OPENAI_API_KEY: KEY, OPENAI_ORG_ID: 'org-2', OPENAI_PROJECT_ID: 'proj-2' };
    const { sent } = await providerOn(openaiHost('openai'), { env }).run('chat', request());
    expect(sent.headers).toMatchObject({ 'openai-organization': 'org-2', 'openai-project': 'proj-2' });
  });
});

describe.each(RETIRED)('%s, retired', (id) => {
  it.each(['chat', 'stream', 'complete', 'embed', 'models'] as const)('fails %s without a request', async (operation) => {
    const host = providerOn(openaiHost(id), { env: { GITHUB_TOKEN: 'ghp_x' } });
    await expect(host.run(operation, { messages, prompt: '', input: '' } as never)).rejects.toMatchObject({
      kind: 'not_found',
      code: 'model_retired',
      model: 'some/model',
      retryable: false,
      message: expect.stringMatching(/retired|discontinued|shut down/),
    });
    expect(host.sent).toEqual([]);
  });

  it('works at an address of the caller', async () => {
    const { sent } = await providerOn(openaiHost(id), { settings: { apiKey: KEY, baseURL: 'http://localhost:9/v1' } }).run(
      'chat',
      request(),
    );
    expect(sent.url).toBe('http://localhost:9/v1/chat/completions');
  });
});

describe('single quirks', () => {
  const named = { type: 'function', function: { name: 'b' } } as const;
  const tools = ['a', 'b'].map((name) => ({ type: 'function' as const, function: { name, strict: true } }));

  it('Fireworks: short model names get their prefix', async () => {
    const { sent } = await hostOn('fireworks_ai').run('chat', request(), { model: 'llama-v3p1-8b' });
    expect(sent.body.model).toBe('accounts/fireworks/models/llama-v3p1-8b');
  });

  it('Groq: names of messages go, with a warning', async () => {
    const { sent, warnings } = await hostOn('groq').run('chat', { messages: [{ role: 'user', name: 'ann', content: 'Hi' }] });
    expect(sent.body.messages).toEqual([{ role: 'user', content: 'Hi' }]);
    expect(warnings).toHaveLength(1);
  });

  it('MiniMax: temperature is brought into its bounds, with a warning', async () => {
    const { sent, warnings } = await hostOn('minimax').run('chat', request({ temperature: 0 }));
    expect(sent.body.temperature).toBe(0.01);
    expect(warnings[0]).toContain('temperature');
  });

  it('Z.ai: one stop sequence, tool_choice auto', async () => {
    const host = hostOn('zai');
    expect((await host.run('chat', request({ stop: ['a'] }))).sent.body.stop).toEqual(['a']);
    await expect(host.run('chat', request({ stop: ['a', 'b'] }))).rejects.toMatchObject({ param: 'stop' });
    await expect(host.run('chat', request({ tools, tool_choice: 'required' }))).rejects.toMatchObject({ param: 'tool_choice' });
    expect((await host.run('chat', request({ tools, tool_choice: 'auto' }))).sent.body.tool_choice).toBe('auto');
  });

  it('Moonshot: a named tool passes, required does not, strict goes', async () => {
    const host = hostOn('moonshot');
    const { sent, warnings } = await host.run('chat', request({ tools, tool_choice: named }));
    expect(sent.body).toMatchObject({ tool_choice: named, tools: [{ function: { name: 'a' } }, { function: { name: 'b' } }] });
    expect(JSON.stringify(sent.body.tools)).not.toContain('strict');
    expect(warnings).toEqual([expect.stringContaining('strict')]);
    await expect(host.run('chat', request({ tools, tool_choice: 'required' }))).rejects.toMatchObject({ param: 'tool_choice' });
  });

  it('llama.cpp: a named tool becomes the only one; several calls are asked for', async () => {
    const { sent } = await hostOn('llamacpp').run('chat', request({ tools, tool_choice: named }));
    expect(sent.body).toMatchObject({ tools: [tools[1]], tool_choice: 'required', parallel_tool_calls: true });
    const off = await hostOn('llamacpp').run('chat', request({ tools, parallel_tool_calls: false }));
    expect(off.sent.body.parallel_tool_calls).toBe(false);
  });

  it('DeepSeek: a JSON schema is refused; reasoning goes back with tool calls only', async () => {
    const host = hostOn('deepseek');
    const schema = { type: 'json_schema' as const, json_schema: { name: 's', schema: {} } };
    await expect(host.run('chat', request({ response_format: schema }))).rejects.toMatchObject({ param: 'response_format' });
    const { sent } = await host.run('chat', {
      messages: [
        { role: 'assistant', content: 'no', reasoning_content: 'plain turn' },
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'tool turn',
          tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
      ],
    });
    expect((sent.body.messages as object[]).map((m) => (m as { reasoning_content?: string }).reasoning_content)).toEqual([
      undefined,
      'tool turn',
    ]);
  });

  it('OpenRouter: details of reasoning go back unchanged instead of the text', async () => {
    const details = [{ type: 'reasoning.text', text: 'hm', signature: 's' }];
    const assistant = {
      role: 'assistant',
      content: 'x',
      reasoning_content: 'hm',
      reasoning_details: details,
    } as ChatMessageParam;
    const { sent } = await hostOn('openrouter').run('chat', { messages: [assistant] });
    expect(sent.body.messages).toEqual([{ role: 'assistant', content: 'x', reasoning_details: details }]);
  });

  it('providerOptions beat what a host is always sent', async () => {
    const { sent } = await hostOn('minimax').run('chat', request({ providerOptions: { minimax: { reasoning_split: false } } }));
    expect(sent.body.reasoning_split).toBe(false);
  });

  it('quirks in the settings beat the row', async () => {
    const settings = { apiKey: KEY, quirks: { lacks: [], tokenLimit: undefined } };
    const { sent } = await providerOn(openaiHost('sambanova'), { settings }).run('chat', request({ n: 2 }));
    expect(sent.body.n).toBe(2);
  });
});

describe('openaiCompatible', () => {
  it('makes a provider under a name of the user', async () => {
    const definition = openaiCompatible({
      baseURL: 'https://llm.example/v1',
      apiKey: KEY,
      headers: { 'x-team': 'a' },
      quirks: { developerRole: undefined },
    });
    const { sent } = await providerOn(definition, { id: 'mine' }).run('chat', {
      messages: [{ role: 'developer', content: 'x' }],
      providerOptions: { mine: { top_k: 1 } },
    });
    expect(sent.url).toBe('https://llm.example/v1/chat/completions');
    expect(sent.headers).toMatchObject({ authorization: `Bearer ${KEY}`, 'x-team': 'a' });
    expect(sent.body).toMatchObject({ top_k: 1, messages: [{ role: 'developer' }] });
  });

  it('sends no key when none is given', async () => {
    const { sent } = await providerOn(openaiCompatible({ baseURL: 'http://localhost:9' })).run('chat', request());
    expect(sent.headers).not.toHaveProperty('authorization');
  });
});
