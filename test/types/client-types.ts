import type OpenAI from 'openai';
import type { APIPromise } from 'openai/core/api-promise';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import * as z from 'zod';
import type { ErrorKind, LLMError, ModelId, Route } from '../../src/index.ts';
import { createClient, isLLMError, openaiCompatible } from '../../src/index.ts';

/** Checked by the compiler; nothing here runs. */

const llm = createClient({ providers: { openai: { apiKey: 'k', organization: 'o' }, mine: openaiCompatible({ baseURL: 'x' }) } });
const { completions } = llm.chat;
const model = 'anthropic/claude-sonnet-4-5';
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];

export async function results(stream: boolean): Promise<void> {
  const reply: OpenAI.ChatCompletion = await completions.create({ model, messages });
  const withRoute = await completions.create({ model, messages, stream: false });
  const route: Route = withRoute.route;
  const reasoning: string | null | undefined = withRoute.choices[0]?.message.reasoning_content;
  const id: string | null | undefined = withRoute._request_id;
  const chunks = await completions.create({ model, messages, stream: true });
  for await (const chunk of chunks) {
    const plain: OpenAI.ChatCompletionChunk = chunk;
    const thought: string | null | undefined = chunk.choices[0]?.delta.reasoning_content;
    void [plain, thought];
  }
  const either = await completions.create({ model, messages, stream });
  if ('controller' in either) either.controller.abort();
  else void either.choices;
  const { data, response, request_id } = await completions.create({ model, messages }).withResponse();
  const checked: [OpenAI.ChatCompletion, Response, string | null] = [data, response, request_id];
  const vectors: OpenAI.CreateEmbeddingResponse = await llm.embeddings.create({
    model: 'openai/text-embedding-3-small',
    input: ['a'],
  });
  const text: OpenAI.Completion = await llm.completions.create({ model, prompt: 'a' });
  const usage: number | undefined = (await llm.models.list({ provider: 'openai' })).route.usage?.total_tokens;
  for await (const model of llm.models.list({ provider: 'openai' })) {
    const known: OpenAI.Model = model;
    const window: number | undefined = model.context_window;
    void [known, window];
  }
  void [reply, route, reasoning, id, checked, vectors, text, usage];
}

export async function parameters(): Promise<void> {
  const own: OpenAI.ChatCompletionCreateParamsNonStreaming = { model, messages, temperature: 1 };
  await completions.create(own);
  const streaming: OpenAI.ChatCompletionCreateParamsStreaming = { model, messages, stream: true };
  await completions.create(streaming);
  const any: ModelId = 'whatever/else';
  await completions.create({ model: any, messages });
  await completions.create({
    model,
    messages: [
      { role: 'user', content: 'Hi', cache_control: { type: 'ephemeral' } },
      { role: 'assistant', content: 'Hm', thinking_blocks: [{ type: 'thinking', thinking: 'x', signature: 's' }] },
    ],
    providerOptions: { anthropic: { thinking: { type: 'enabled', budget_tokens: 1024 } }, gemini: { safetySettings: [] } },
  });
  await completions.create({ model, messages }, { signal: AbortSignal.timeout(1), deadline: 5, fallbacks: ['openai/gpt-5'] });
  // @ts-expect-error no such parameter
  await completions.create({ model, messages, temprature: 1 });
  // @ts-expect-error no such option
  await completions.create({ model, messages }, { maxRetry: 1 });
  const anthropic = { thinking: { type: 'enabled' as const, budget_tokens: 'x' } };
  // @ts-expect-error a budget is a number
  await completions.create({ model, messages, providerOptions: { anthropic } });
  // @ts-expect-error messages are needed
  await completions.create({ model });
  // @ts-expect-error no such event
  llm.on('call-finished', () => {});
  // @ts-expect-error no such option
  createClient({ maxAttempt: 1 });
}

export async function helpers(): Promise<void> {
  const response_format = zodResponseFormat(z.object({ city: z.string() }), 'city');
  const parsed = await completions.parse({ model, messages, response_format });
  const city: string | undefined = parsed.choices[0]?.message.parsed?.city;
  // @ts-expect-error the schema has no such field
  void parsed.choices[0]?.message.parsed?.town;
  const asOpenAIs: OpenAI.Chat.Completions.ParsedChatCompletion<{ city: string }> = parsed;
  const helper: ChatCompletionStream = completions.stream({ model, messages });
  const unparsed: null | undefined = (await helper.finalChatCompletion()).choices[0]?.message.parsed;
  void unparsed;
  const streamed = await completions.stream({ model, messages, response_format }).finalChatCompletion();
  const again: string | undefined = streamed.choices[0]?.message.parsed?.city;
  const tool = {
    type: 'function' as const,
    function: { name: 'f', description: '', parameters: {}, parse: JSON.parse, function: (args: { city: string }) => args.city },
  };
  const content: string | null = await completions.runTools({ model, messages, tools: [tool] }).finalContent();
  const runner = completions.runTools({ model, messages, tools: [tool], stream: true }, { deadline: 1, maxChatCompletions: 2 });
  for await (const chunk of runner) void chunk.choices;
  void [city, asOpenAIs, again, content];
}

/** Code written for openai takes ours. */
export const create: (body: OpenAI.ChatCompletionCreateParamsNonStreaming) => APIPromise<OpenAI.ChatCompletion> = (body) =>
  completions.create(body);

export function events(): void {
  llm.on('attempt-ended', ({ attempt, call }) => {
    const outcome: 'success' | ErrorKind = attempt.outcome;
    const id: string = call.correlationId;
    void [outcome, id];
  });
  llm.on('fallback', ({ from, to }) => void [from.provider, to.model]);
}

export function exhaustive(error: LLMError): string {
  if (isLLMError(error, 'stream_interrupted')) return error.partial.content;
  switch (error.kind) {
    case 'timeout':
      return error.phase;
    case 'unprocessable_entity':
      return String(error.fieldErrors);
    default:
      return error.kind;
  }
}
