import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, startMockServer } from '../../../src/testing/index.ts';
import type { Account } from '../../support/agreement.ts';
import { agree, clientAt } from '../../support/agreement.ts';
import { rejection } from '../../support/client.ts';

let mock: MockServer;
let llm: LLMClient;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

const messages = [{ role: 'user' as const, content: 'hi' }];
const options = { maxRetries: 0 };

describe('cohere-ai, v2', () => {
  const sdk = (token = 'test'): CohereClientV2 => new CohereClientV2({ token, baseUrl: mock.baseURL('cohere') });
  beforeEach(() => {
    llm = clientAt(mock, 'cohere');
  });

  it('reads words and tool calls as our client does, whole and streamed', async () => {
    const whole = async (): Promise<Account> => {
      const { message, usage } = await sdk().chat({ model: 'command-a', messages }, options);
      const parts = message.content ?? [];
      return {
        text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
        reasoning: parts.map((part) => (part.type === 'thinking' ? part.thinking : '')).join(''),
        calls: (message.toolCalls ?? []).map((call) => ({
          id: call.id,
          name: call.function?.name ?? '',
          arguments: JSON.parse(call.function?.arguments ?? '') as unknown,
        })),
        tokens: [usage?.tokens?.inputTokens, usage?.tokens?.outputTokens],
      };
    };
    const stream = async (): Promise<Account> => {
      let text = '';
      let reasoning = '';
      let tokens: Account['tokens'] = [undefined, undefined];
      const calls: { id: string; name: string; json: string }[] = [];
      for await (const event of await sdk().chatStream({ model: 'command-a', messages }, options)) {
        if (event.type === 'content-delta') {
          text += event.delta?.message?.content?.text ?? '';
          reasoning += event.delta?.message?.content?.thinking ?? '';
        } else if (event.type === 'tool-call-start') {
          const call = event.delta?.message?.toolCalls;
          calls.push({ id: call?.id ?? '', name: call?.function?.name ?? '', json: '' });
        } else if (event.type === 'tool-call-delta') {
          const open = calls[event.index ?? 0];
          if (open !== undefined) open.json += event.delta?.message?.toolCalls?.function?.arguments ?? '';
        } else if (event.type === 'message-end') {
          const counted = event.delta?.usage?.tokens;
          tokens = [counted?.inputTokens, counted?.outputTokens];
        }
      }
      return {
        text,
        reasoning,
        calls: calls.map(({ json, ...call }) => ({ ...call, arguments: JSON.parse(json) as unknown })),
        tokens,
      };
    };
    await agree(mock, { llm, provider: 'cohere', model: 'cohere/command-a' }, { whole, stream });
  });

  it('embeds, ranks and lists', async () => {
    const embedded = await sdk().embed({
      model: 'embed-v4.0',
      inputType: 'search_document',
      texts: ['a', 'b'],
      embeddingTypes: ['float'],
      outputDimension: 4,
    });
    const ours = await llm.embeddings.create({ model: 'cohere/embed-v4.0', input: ['a', 'b'], dimensions: 4 });
    expect(embedded.embeddings.float).toEqual(ours.data.map(({ embedding }) => embedding));
    const documents = ['x', 'y', 'z'];
    const ranked = await sdk().rerank({ model: 'rerank-v4.0', query: 'q', documents, topN: 2 });
    const order = await llm.rerank.create({ model: 'cohere/rerank-v4.0', query: 'q', documents, top_n: 2 });
    expect(ranked.results.map(({ index, relevanceScore }) => [index, relevanceScore])).toEqual(
      order.results.map((result) => [result.index, result.relevance_score]),
    );
    const listed = await new CohereClient({ token: 'test', baseUrl: mock.baseURL('cohere') }).models.list();
    expect(listed.models.map(({ name }) => name)).toEqual(['mock-large', 'mock-small']);
  });

  it('raises its own errors where our client raises ours', async () => {
    mock.enqueue('cohere', fault.rateLimit(), fault.contextWindow(), fault.overloaded(), fault.contentPolicy());
    for (const statusCode of [429, 400, 503, 498]) {
      const error = await rejection(sdk().chat({ model: 'm', messages }, options));
      expect(error).toBeInstanceOf(CohereError);
      expect(error).toMatchObject({ statusCode });
    }
    expect(await rejection(sdk('wrong').chat({ model: 'm', messages }, options))).toMatchObject({ statusCode: 401 });
  });
});

describe('cohere-ai, v1', () => {
  const sdk = (): CohereClient => new CohereClient({ token: 'test', baseUrl: mock.baseURL('cohere_chat') });
  beforeEach(() => {
    llm = clientAt(mock, 'cohere_chat');
  });

  it('reads words and tool calls as our client does, whole and streamed', async () => {
    const callsOf = (calls: readonly { name: string; parameters: unknown }[] = []) =>
      calls.map(({ name, parameters }) => ({ name, arguments: parameters }));
    const whole = async (): Promise<Account> => {
      const answer = await sdk().chat({ message: 'hi' }, options);
      const { tokens } = answer.meta ?? {};
      return {
        text: answer.text,
        calls: callsOf(answer.toolCalls),
        tokens: [tokens?.inputTokens, tokens?.outputTokens],
      };
    };
    const stream = async (): Promise<Account> => {
      let text = '';
      let account: Account | undefined;
      let calls: Account['calls'] = [];
      for await (const event of await sdk().chatStream({ message: 'hi' }, options)) {
        if (event.eventType === 'text-generation') text += event.text;
        if (event.eventType === 'tool-calls-generation') calls = callsOf(event.toolCalls);
        if (event.eventType === 'stream-end') {
          const { tokens } = event.response.meta ?? {};
          account = { text, calls, tokens: [tokens?.inputTokens, tokens?.outputTokens] };
        }
      }
      if (account === undefined) throw new Error('no end of the stream');
      return account;
    };
    await agree(mock, { llm, provider: 'cohere_chat', model: 'cohere_chat/command-r' }, { whole, stream });
  });

  it('generates text', async () => {
    mock.enqueue('cohere_chat', ' upon a time', ' upon a time');
    const theirs = await sdk().generate({ prompt: 'Once' });
    const ours = await llm.completions.create({ model: 'cohere_chat/command', prompt: 'Once' });
    expect(theirs.generations[0]?.text).toBe(' upon a time');
    expect(ours.choices[0]?.text).toBe(' upon a time');
  });

  it('raises its own errors', async () => {
    mock.enqueue('cohere_chat', fault.quota());
    expect(await rejection(sdk().chat({ message: 'hi' }, options))).toMatchObject({ statusCode: 402 });
  });
});
