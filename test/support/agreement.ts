import { expect } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { MockServer, Reply } from '../../src/testing/index.ts';
import { reply } from '../../src/testing/index.ts';

/** What an answer says, in nobody's wire format. */
export interface Account {
  readonly text: string;
  readonly reasoning?: string;
  readonly calls?: readonly { readonly id?: string | undefined; readonly name: string; readonly arguments: unknown }[];
  readonly tokens: readonly [prompt: number | undefined, completion: number | undefined];
  /** In the provider's own words; compared by each test for itself. */
  readonly finish?: string;
}

/** A reply with words, and one with tool calls: what an SDK and our client must read alike. */
export const WORDS: Reply = reply({
  text: 'Seven words, in as many small pieces.',
  reasoning: 'Count them.',
  usage: { promptTokens: 20, completionTokens: 9 },
});
export const CALLS: Reply = reply({
  toolCalls: [
    { id: 'abc123XYZ', name: 'get_weather', arguments: { city: 'Tromsø', days: [1, 2] } },
    { id: 'abc124XYZ', name: 'get_time', arguments: {} },
  ],
  usage: { promptTokens: 30, completionTokens: 11 },
});

/** A client with one provider at the mock server. */
export const clientAt = (mock: MockServer, provider: string, settings: object = {}): LLMClient =>
  createClient({ use: [], providers: { [provider]: { apiKey: 'test', baseURL: mock.baseURL(provider), ...settings } } });

const messages = [{ role: 'user' as const, content: 'hi' }];

/** Our client's account of a whole answer. */
export async function wholeOf(llm: LLMClient, model: string): Promise<Account> {
  const answer = await llm.chat.completions.create({ model, messages });
  const [choice] = answer.choices;
  const { message } = choice ?? {};
  return {
    text: message?.content ?? '',
    reasoning: message?.reasoning_content ?? '',
    calls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    tokens: [answer.usage?.prompt_tokens, answer.usage?.completion_tokens],
    finish: String(choice?.finish_reason),
  };
}

/** Our client's account of a streamed answer. */
export async function streamOf(llm: LLMClient, model: string): Promise<Account> {
  const stream = await llm.chat.completions.create({ model, messages, stream: true });
  let text = '';
  let reasoning = '';
  let finish = '';
  const calls: { id: string; name: string; json: string }[] = [];
  for await (const chunk of stream) {
    for (const { delta, finish_reason } of chunk.choices) {
      text += delta.content ?? '';
      reasoning += delta.reasoning_content ?? '';
      if (finish_reason) finish = finish_reason;
      for (const part of delta.tool_calls ?? []) {
        const open = calls[part.index] ?? { id: part.id ?? '', name: part.function?.name ?? '', json: '' };
        open.json += part.function?.arguments ?? '';
        calls[part.index] = open;
      }
    }
  }
  const { usage } = stream.route;
  return {
    text,
    reasoning,
    calls: calls.map(({ id, name, json }) => ({ id, name, arguments: JSON.parse(json) as unknown })),
    tokens: [usage?.prompt_tokens, usage?.completion_tokens],
    finish,
  };
}

/** Holds the account of an SDK against our client's, whole and streamed, and both against what was scripted. */
export async function agree(
  mock: MockServer,
  target: { readonly llm: LLMClient; readonly model: string; readonly provider: string },
  sdk: { whole(): Promise<Account>; stream(): Promise<Account> },
): Promise<void> {
  const { llm, model, provider } = target;
  for (const scripted of [WORDS, CALLS]) {
    mock.enqueue(provider, scripted, scripted, scripted, scripted);
    const ours = [await wholeOf(llm, model), await streamOf(llm, model)];
    const theirs = [await sdk.whole(), await sdk.stream()];
    for (const [i, account] of theirs.entries()) {
      const { finish: _, ...said } = account;
      expect(ours[i]).toMatchObject(said);
      expect(account.text).toBe(scripted.content.text);
      expect(account.tokens).toEqual([scripted.content.usage.promptTokens, scripted.content.usage.completionTokens]);
      expect(ours[i]?.finish).toBe(scripted.content.finishReason);
      if (account.calls !== undefined) expect(account.calls).toHaveLength(scripted.content.toolCalls.length);
    }
  }
}
