import Groq from 'groq-sdk';
import Together from 'together-ai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, startMockServer } from '../../../src/testing/index.ts';
import type { Account } from '../../support/agreement.ts';
import { agree, clientAt } from '../../support/agreement.ts';
import { rejection } from '../../support/client.ts';

let mock: MockServer;
let llm: LLMClient | undefined;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  await llm?.close();
  await mock.close();
});

const request = { model: 'some-model', messages: [{ role: 'user' as const, content: 'hi' }] };

interface Whole {
  readonly choices: readonly { readonly message?: unknown }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null | undefined;
}
interface Said {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly id?: string; readonly index?: number; readonly function?: Spoken }[] | null;
}
interface Spoken {
  readonly name?: string;
  readonly arguments?: string;
}

function accountOf({ choices, usage }: Whole): Account {
  const message = choices[0]?.message as Said | undefined;
  return {
    text: message?.content ?? '',
    calls: (message?.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function?.name ?? '',
      arguments: JSON.parse(call.function?.arguments ?? '') as unknown,
    })),
    tokens: [usage?.prompt_tokens, usage?.completion_tokens],
  };
}

interface Part {
  readonly choices: readonly { readonly delta: unknown }[];
  readonly usage?: Whole['usage'];
}

async function accountOfStream(parts: AsyncIterable<Part>): Promise<Account> {
  let text = '';
  let tokens: Account['tokens'] = [undefined, undefined];
  const calls: { id: string | undefined; name: string; json: string }[] = [];
  for await (const { choices, usage } of parts) {
    const delta = choices[0]?.delta as Said | undefined;
    text += delta?.content ?? '';
    for (const part of delta?.tool_calls ?? []) {
      const open = calls[part.index ?? 0] ?? { id: part.id, name: part.function?.name ?? '', json: '' };
      open.json += part.function?.arguments ?? '';
      calls[part.index ?? 0] = open;
    }
    if (usage) tokens = [usage.prompt_tokens, usage.completion_tokens];
  }
  return { text, calls: calls.map(({ json, ...call }) => ({ ...call, arguments: JSON.parse(json) as unknown })), tokens };
}

const usage = { stream_options: { include_usage: true } };

describe('groq-sdk', () => {
  const sdk = (apiKey = 'test'): Groq => new Groq({ apiKey, baseURL: mock.baseURL('groq'), maxRetries: 0 });

  it('reads words and tool calls as our client does, whole and streamed', async () => {
    llm = clientAt(mock, 'groq');
    await agree(
      mock,
      { llm, provider: 'groq', model: 'groq/some-model' },
      {
        whole: async () => accountOf(await sdk().chat.completions.create(request)),
        stream: async () =>
          accountOfStream((await sdk().chat.completions.create({ ...request, ...usage, stream: true })) as AsyncIterable<Part>),
      },
    );
    expect(new Set(mock.requests.map(({ path }) => path))).toEqual(new Set(['/openai/v1/chat/completions']));
  });

  it('raises its own errors', async () => {
    mock.enqueue('groq', fault.rateLimit(), fault.unavailable());
    expect(await rejection(sdk().chat.completions.create(request))).toBeInstanceOf(Groq.RateLimitError);
    expect(await rejection(sdk().chat.completions.create(request))).toBeInstanceOf(Groq.InternalServerError);
    expect(await rejection(sdk('wrong').chat.completions.create(request))).toBeInstanceOf(Groq.AuthenticationError);
  });

  it('takes a base URL with the path too', async () => {
    for (const path of ['', '/', '/openai/v1', '/openai/v1/']) {
      const own = clientAt(mock, 'groq', { baseURL: mock.baseURL('groq') + path });
      mock.enqueue('groq', 'here');
      const answer = await own.chat.completions.create({ ...request, model: 'groq/some-model' });
      expect(answer.choices[0]?.message.content).toBe('here');
      await own.close();
    }
  });
});

describe('together-ai', () => {
  const sdk = (apiKey = 'test'): Together => new Together({ apiKey, baseURL: mock.baseURL('together_ai'), maxRetries: 0 });

  it('reads words and tool calls as our client does, whole and streamed', async () => {
    llm = clientAt(mock, 'together_ai');
    await agree(
      mock,
      { llm, provider: 'together_ai', model: 'together_ai/some-model' },
      {
        whole: async () => accountOf(await sdk().chat.completions.create(request)),
        stream: async () =>
          accountOfStream(
            (await sdk().chat.completions.create({ ...request, ...(usage as object), stream: true })) as AsyncIterable<Part>,
          ),
      },
    );
  });

  it('ranks as our client does', async () => {
    llm = clientAt(mock, 'together_ai');
    const documents = ['x', 'y', 'z'];
    const theirs = await sdk().rerank.create({ model: 'm', query: 'q', documents, top_n: 2, return_documents: true });
    const ours = await llm.rerank.create({
      model: 'together_ai/m',
      query: 'q',
      documents,
      top_n: 2,
      return_documents: true,
    });
    expect(ours.results).toEqual(theirs.results);
  });

  it('raises its own errors', async () => {
    mock.enqueue('together_ai', fault.rateLimit(), fault.contextWindow());
    expect(await rejection(sdk().chat.completions.create(request))).toBeInstanceOf(Together.RateLimitError);
    expect(await rejection(sdk().chat.completions.create(request))).toBeInstanceOf(Together.BadRequestError);
    expect(await rejection(sdk('wrong').chat.completions.create(request))).toBeInstanceOf(Together.AuthenticationError);
  });
});
