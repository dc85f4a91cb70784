import { Mistral } from '@mistralai/mistralai';
import { MistralError } from '@mistralai/mistralai/models/errors';
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
  llm = clientAt(mock, 'mistral');
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

const request = { model: 'mistral-small-latest', messages: [{ role: 'user' as const, content: 'hi' }] };
const sdk = (apiKey = 'test'): Mistral => new Mistral({ apiKey, serverURL: mock.baseURL('mistral') });

/** Text and thinking of a content that is a text or a list of parts. */
function contentOf(content: unknown): { text: string; reasoning: string } {
  if (typeof content === 'string') return { text: content, reasoning: '' };
  let text = '';
  let reasoning = '';
  for (const part of Array.isArray(content) ? (content as { text?: string; thinking?: { text?: string }[] }[]) : []) {
    text += part.text ?? '';
    for (const thought of part.thinking ?? []) reasoning += thought.text ?? '';
  }
  return { text, reasoning };
}

interface SDKCall {
  readonly id?: string | undefined;
  readonly function: { readonly name: string; readonly arguments: unknown };
}
const callsOf = (calls: readonly SDKCall[] | null | undefined): NonNullable<Account['calls']> =>
  (calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
    id,
    name,
    arguments: typeof args === 'string' ? (JSON.parse(args) as unknown) : args,
  }));

describe('@mistralai/mistralai', () => {
  it('reads words and tool calls as our client does, whole and streamed', async () => {
    const whole = async (): Promise<Account> => {
      const { choices, usage } = await sdk().chat.complete(request);
      const message = choices[0]?.message;
      return {
        ...contentOf(message?.content),
        calls: callsOf(message?.toolCalls),
        tokens: [usage.promptTokens, usage.completionTokens],
      };
    };
    const stream = async (): Promise<Account> => {
      let text = '';
      let reasoning = '';
      let tokens: Account['tokens'] = [undefined, undefined];
      const calls: NonNullable<Account['calls']>[number][] = [];
      for await (const { data } of await sdk().chat.stream(request)) {
        for (const { delta } of data.choices) {
          const said = contentOf(delta.content);
          text += said.text;
          reasoning += said.reasoning;
          calls.push(...callsOf(delta.toolCalls));
        }
        if (data.usage) tokens = [data.usage.promptTokens, data.usage.completionTokens];
      }
      return { text, reasoning, calls, tokens };
    };
    await agree(mock, { llm, provider: 'mistral', model: 'mistral/mistral-small-latest' }, { whole, stream });
  });

  it('embeds, fills in the middle and lists', async () => {
    const embedded = await sdk().embeddings.create({ model: 'codestral-embed', inputs: ['a', 'b'], outputDimension: 4 });
    const ours = await llm.embeddings.create({ model: 'mistral/codestral-embed', input: ['a', 'b'], dimensions: 4 });
    expect(embedded.data.map(({ embedding }) => embedding)).toEqual(ours.data.map(({ embedding }) => embedding));
    mock.enqueue('mistral', 'return a + b', 'return a + b');
    const filled = await sdk().fim.complete({ model: 'codestral-latest', prompt: 'def add(a, b):', suffix: 'print(add(1, 2))' });
    const text = await llm.completions.create({ model: 'mistral/codestral-latest', prompt: 'def add(a, b):', suffix: 'print()' });
    expect(filled.choices[0]?.message?.content).toBe('return a + b');
    expect(text.choices).toEqual([{ index: 0, text: 'return a + b', finish_reason: 'stop', logprobs: null }]);
    const listed = await sdk().models.list();
    expect(listed.data).toMatchObject([{ id: 'mock-large' }, { id: 'mock-small' }]);
  });

  it('raises its own errors where our client raises ours', async () => {
    mock.enqueue('mistral', fault.rateLimit(), fault.contextWindow(), fault.unavailable(), fault.contentPolicy());
    for (const statusCode of [429, 400, 502, 403]) {
      const error = await rejection(sdk().chat.complete(request));
      expect(error).toBeInstanceOf(MistralError);
      expect(error).toMatchObject({ statusCode });
    }
    expect(await rejection(sdk('wrong').chat.complete(request))).toMatchObject({ statusCode: 401 });
  });
});
