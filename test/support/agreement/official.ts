import Anthropic from '@anthropic-ai/sdk';
import { type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { type ChatResponse, Ollama } from 'ollama';
import OpenAI from 'openai';
import type { Account, Official } from './account.ts';

const question = 'Weather in Tromsø?';
const PARAMETERS = { type: 'object' as const, properties: { city: { type: 'string' } } };
const NAMES = ['get_weather', 'get_time'];

type OpenAIUsage = OpenAI.CompletionUsage | null | undefined;

const openaiUsage = (usage: OpenAIUsage): Account['usage'] => ({
  prompt: usage?.prompt_tokens,
  completion: usage?.completion_tokens,
  cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
  reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
});

function openaiAccount(completion: OpenAI.ChatCompletion, reasoning: string | undefined): Account {
  const [choice] = completion.choices;
  const calls = choice?.message.tool_calls ?? [];
  return {
    text: choice?.message.content ?? '',
    reasoning: reasoning ?? (choice?.message as { reasoning_content?: string } | undefined)?.reasoning_content ?? '',
    calls: calls.flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    finish: choice?.finish_reason,
    usage: openaiUsage(completion.usage),
  };
}

function openai(baseURL: string): Official {
  const client = new OpenAI({ apiKey: 'test', baseURL, maxRetries: 0 });
  const request = {
    model: 'm',
    messages: [{ role: 'user' as const, content: question }],
    tools: NAMES.map((name) => ({ type: 'function' as const, function: { name, parameters: PARAMETERS } })),
  };
  return {
    whole: async () => openaiAccount(await client.chat.completions.create(request), undefined),
    async streamed() {
      const stream = client.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
      let reasoning = '';
      for await (const { choices } of stream) {
        reasoning += (choices[0]?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
      }
      return openaiAccount(await stream.finalChatCompletion(), reasoning);
    },
  };
}

const STOP_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

function anthropicAccount({ content, usage, stop_reason }: Anthropic.Message): Account {
  const joined = (pick: (block: Anthropic.ContentBlock) => string): string => content.map(pick).join('');
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage;
  const thinking = (usage as { output_tokens_details?: { thinking_tokens?: number } | null }).output_tokens_details;
  return {
    text: joined((block) => (block.type === 'text' ? block.text : '')),
    reasoning: joined((block) => (block.type === 'thinking' ? block.thinking : '')),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    finish: STOP_REASONS[stop_reason ?? ''],
    usage: {
      prompt: input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0),
      completion: output_tokens,
      cached: cache_read_input_tokens ?? 0,
      reasoning: thinking?.thinking_tokens ?? 0,
    },
  };
}

function anthropic(baseURL: string): Official {
  const client = new Anthropic({ apiKey: 'test', baseURL, maxRetries: 0 });
  const request = {
    model: 'm',
    max_tokens: 1024,
    messages: [{ role: 'user' as const, content: question }],
    tools: NAMES.map((name) => ({ name, input_schema: PARAMETERS })),
  };
  return {
    whole: async () => anthropicAccount(await client.messages.create(request)),
    streamed: async () => anthropicAccount(await client.messages.stream(request).finalMessage()),
  };
}

const FINISH_REASONS: Readonly<Record<string, string>> = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content_filter' };

/** The last answer's counts and reason hold; parts add up. */
function geminiAccount(answers: readonly GenerateContentResponse[]): Account {
  const parts = answers.flatMap((answer) => answer.candidates?.[0]?.content?.parts ?? []);
  const last = answers.at(-1);
  const usage = last?.usageMetadata;
  const calls = parts.flatMap(({ functionCall }) =>
    functionCall === undefined ? [] : [{ id: functionCall.id, name: functionCall.name, arguments: functionCall.args }],
  );
  const finish = FINISH_REASONS[last?.candidates?.[0]?.finishReason ?? ''];
  return {
    text: parts.map(({ text, thought }) => (thought === true ? '' : (text ?? ''))).join(''),
    reasoning: parts.map(({ text, thought }) => (thought === true ? (text ?? '') : '')).join(''),
    calls,
    finish: finish === 'stop' && calls.length > 0 ? 'tool_calls' : finish,
    usage: {
      prompt: usage?.promptTokenCount,
      completion: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
      cached: usage?.cachedContentTokenCount ?? 0,
      reasoning: usage?.thoughtsTokenCount ?? 0,
    },
  };
}

function gemini(baseUrl: string): Official {
  const client = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl, retryOptions: { attempts: 1 } } });
  const request = {
    model: 'm',
    contents: question,
    config: { tools: [{ functionDeclarations: NAMES.map((name) => ({ name, parametersJsonSchema: PARAMETERS })) }] },
  };
  return {
    whole: async () => geminiAccount([await client.models.generateContent(request)]),
    async streamed() {
      const answers: GenerateContentResponse[] = [];
      for await (const answer of await client.models.generateContentStream(request)) answers.push(answer);
      return geminiAccount(answers);
    },
  };
}

function ollamaAccount(answers: readonly ChatResponse[]): Account {
  const last = answers.at(-1);
  const calls = answers.flatMap(({ message }) =>
    (message.tool_calls ?? []).map((call) => ({
      id: (call as { id?: string }).id,
      name: call.function.name,
      arguments: call.function.arguments,
    })),
  );
  return {
    text: answers.map(({ message }) => message.content).join(''),
    reasoning: answers.map(({ message }) => message.thinking ?? '').join(''),
    calls,
    finish: last?.done_reason === 'stop' && calls.length > 0 ? 'tool_calls' : last?.done_reason,
    usage: { prompt: last?.prompt_eval_count, completion: last?.eval_count, cached: 0, reasoning: 0 },
  };
}

function ollama(host: string): Official {
  const client = new Ollama({ host });
  const request = {
    model: 'm',
    messages: [{ role: 'user', content: question }],
    tools: NAMES.map((name) => ({ type: 'function' as const, function: { name, parameters: PARAMETERS } })),
  };
  return {
    whole: async () => ollamaAccount([await client.chat(request)]),
    async streamed() {
      const answers: ChatResponse[] = [];
      for await (const answer of await client.chat({ ...request, stream: true })) answers.push(answer);
      return ollamaAccount(answers);
    },
  };
}

/** Official clients by the provider whose mock they talk to. */
export const OFFICIAL: Readonly<Record<string, (baseURL: string) => Official>> = { openai, anthropic, gemini, ollama };
