import { createOpenAI } from '@ai-sdk/openai';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText } from 'ai';
import { createClient, fallback } from 'holdfast';
import OpenAI from 'openai';

/** One client with nothing set but where the server is. */
export interface ComparedClient {
  /** A whole answer: its text. */
  call(): Promise<string>;
  /** Reads a stream to its end, as the documentation shows it. What is not thrown but told otherwise is returned. */
  stream(): Promise<StreamEnd>;
  /** The same call with a second address to go to; absent where the library has no way of its own. */
  readonly chain?: { readonly name: string; call(second: string): Promise<string> };
  close?(): Promise<void>;
}

export interface StreamEnd {
  readonly text: string;
  /** The error that a stream of parts carries beside the text. */
  readonly part?: unknown;
  readonly finishReason?: string;
}

const messages = [{ role: 'user' as const, content: 'Why does kelp not drift away?' }];
const model = 'gpt-5-mini';
const openaiModel = `openai/${model}` as const;

function holdfast(baseURL: string): ComparedClient {
  const client = createClient({ providers: { openai: { apiKey: 'k', baseURL } } });
  return {
    call: async () => (await client.chat.completions.create({ model: openaiModel, messages })).choices[0]?.message.content ?? '',
    async stream() {
      let text = '';
      const stream = await client.chat.completions.create({ model: openaiModel, messages, stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return { text };
    },
    chain: {
      name: fallback.name,
      async call(second) {
        const vllm = { baseURL: second };
        const chained = createClient({
          providers: { openai: { apiKey: 'k', baseURL }, vllm },
          use: [fallback([`vllm/${model}`])],
        });
        const reply = await chained.chat.completions.create({ model: openaiModel, messages });
        await chained.close();
        return reply.choices[0]?.message.content ?? '';
      },
    },
    close: () => client.close(),
  };
}

function vercel(baseURL: string): ComparedClient {
  const chat = createOpenAI({ apiKey: 'k', baseURL }).chat(model);
  return {
    call: async () => (await generateText({ model: chat, messages })).text,
    async stream() {
      const told = streamText({ model: chat, messages, onError: () => {} });
      let text = '';
      for await (const delta of told.textStream) text += delta;
      let part: unknown;
      for await (const next of told.fullStream) if (next.type === 'error') part = next.error;
      return { text, part, finishReason: await told.finishReason };
    },
  };
}

function langchain(baseURL: string): ComparedClient {
  const at = (address: string): ChatOpenAI => new ChatOpenAI({ apiKey: 'k', model, configuration: { baseURL: address } });
  const chat = at(baseURL);
  return {
    call: async () => (await chat.invoke(messages)).text,
    async stream() {
      let text = '';
      for await (const chunk of await chat.stream(messages)) text += chunk.text;
      return { text };
    },
    chain: {
      name: chat.withFallbacks.name,
      call: async (second) => (await chat.withFallbacks([at(second)]).invoke(messages)).text,
    },
  };
}

function openai(baseURL: string): ComparedClient {
  const client = new OpenAI({ apiKey: 'k', baseURL });
  return {
    call: async () => (await client.chat.completions.create({ model, messages })).choices[0]?.message.content ?? '',
    async stream() {
      let text = '';
      const stream = await client.chat.completions.create({ model, messages, stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return { text };
    },
  };
}

/** By the heads of the README's columns. */
export const COMPARED: Readonly<Record<string, (baseURL: string) => ComparedClient>> = {
  Holdfast: holdfast,
  'Vercel AI SDK': vercel,
  'LangChain.js': langchain,
  '`openai`': openai,
};
