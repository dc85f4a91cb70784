import { InferenceClient } from '@huggingface/inference';
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
  llm = clientAt(mock, 'huggingface');
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

const request = { model: 'org/model', messages: [{ role: 'user' as const, content: 'hi' }] };
const sdk = (token = 'hf_test'): ReturnType<InferenceClient['endpoint']> =>
  new InferenceClient(token).endpoint(mock.baseURL('huggingface'));

describe('@huggingface/inference', () => {
  it('reads words and tool calls as our client does, whole and streamed', async () => {
    const whole = async (): Promise<Account> => {
      const { choices, usage } = await sdk().chatCompletion(request);
      const message = choices[0]?.message;
      return {
        text: message?.content ?? '',
        calls: (message?.tool_calls ?? []).map((call) => ({
          id: call.id,
          name: call.function.name,
          arguments: JSON.parse(String(call.function.arguments)) as unknown,
        })),
        tokens: [usage.prompt_tokens, usage.completion_tokens],
      };
    };
    const stream = async (): Promise<Account> => {
      let text = '';
      let tokens: Account['tokens'] = [undefined, undefined];
      const calls: { id: string; name: string; json: string }[] = [];
      for await (const chunk of sdk().chatCompletionStream({ ...request, stream_options: { include_usage: true } })) {
        const delta = chunk.choices[0]?.delta;
        text += delta?.content ?? '';
        for (const part of delta?.tool_calls ?? []) {
          const open = calls[part.index] ?? { id: part.id, name: part.function.name ?? '', json: '' };
          open.json += part.function.arguments;
          calls[part.index] = open;
        }
        if (chunk.usage) tokens = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
      }
      return {
        text,
        calls: calls.map(({ json, ...call }) => ({ ...call, arguments: JSON.parse(json) as unknown })),
        tokens,
      };
    };
    await agree(mock, { llm, provider: 'huggingface', model: 'huggingface/org/model' }, { whole, stream });
  });

  it('embeds and completes text', async () => {
    const vectors = await sdk().featureExtraction({ inputs: ['a', 'b'] });
    const ours = await llm.embeddings.create({ model: 'huggingface/org/model', input: ['a', 'b'] });
    expect(vectors).toEqual(ours.data.map(({ embedding }) => embedding));
    mock.enqueue('huggingface', ' upon a time', ' upon a time');
    expect((await sdk().textGeneration({ inputs: 'Once' })).generated_text).toBe(' upon a time');
    const text = await llm.completions.create({ model: 'huggingface/org/model', prompt: 'Once' });
    expect(text.choices[0]?.text).toBe(' upon a time');
  });

  it('raises its own errors where our client raises ours', async () => {
    mock.enqueue('huggingface', fault.rateLimit(), fault.contextWindow(), fault.quota());
    for (const status of [429, 422, 402]) {
      expect(await rejection(sdk().chatCompletion(request))).toMatchObject({ httpResponse: { status } });
    }
    expect(await rejection(sdk('wrong').chatCompletion(request))).toMatchObject({ httpResponse: { status: 401 } });
  });
});
