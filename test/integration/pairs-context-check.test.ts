import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContextWindowExceededError, contextCheck, fallback, modelFacts, retry } from '../../src/index.ts';
import { fault } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, readAll, SECOND, startChained, THIRD } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const said = (characters: number) => [{ role: 'user' as const, content: 'lorem ipsum '.repeat(Math.ceil(characters / 12)) }];

describe('contextCheck over loopback', () => {
  it('sends nothing that cannot fit, and moves the call to a model with room', async () => {
    // FIRST takes 128 000 tokens, SECOND 200 000, THIRD a million
    const llm = chained.client({ use: [fallback([SECOND, THIRD]), contextCheck(), retry()] });
    for (const stream of [false, true]) {
      const answer = await llm.chat.completions.create({ model: FIRST, messages: said(1_500_000), stream });
      if (stream) await readAll(answer as never);
      expect(answer.route).toMatchObject({ provider: 'gemini', fallback: true, attempts: [{ provider: 'gemini' }] });
    }
    expect(chained.asked()).toEqual(['gemini', 'gemini']);
    const short = await llm.chat.completions.create({ model: FIRST, messages: said(1000) });
    expect(short.route).toMatchObject({ provider: 'openai', fallback: false });
  });

  it('alone it rejects with the numbers', async () => {
    const llm = chained.client({ use: [contextCheck()] });
    const error = await rejection(llm.chat.completions.create({ model: FIRST, messages: said(1_500_000) }));
    expect(error).toBeInstanceOf(ContextWindowExceededError);
    expect(error).toMatchObject({ attempts: [], details: { maxInputTokens: 128_000, maxOutputTokens: 16_384 } });
    expect((error as ContextWindowExceededError).details.estimatedTokens).toBeGreaterThan(200_000);
    expect(chained.mock.requests).toEqual([]);
  });

  it('a model that the provider finds too small all the same moves on too', async () => {
    chained.mock.enqueue('openai', fault.contextWindow());
    const llm = chained.client({ use: [fallback([THIRD]), contextCheck(), retry()] });
    const { route } = await llm.chat.completions.create({ model: FIRST, messages: said(1000) });
    expect(route.attempts.map(({ outcome }) => outcome)).toEqual(['context_window_exceeded', 'success']);
  });

  it('holds each text against the window of an embedding model', async () => {
    const catalogue = modelFacts({ 'openai/our-vectors': { maxInputTokens: 20 } });
    const llm = chained.client({ use: [contextCheck()], catalogue });
    const input = Array.from({ length: 30 }, () => 'ten words of text in a list that is long');
    await llm.embeddings.create({ model: 'openai/our-vectors', input });
    const error = await rejection(llm.embeddings.create({ model: 'openai/our-vectors', input: [...input, input.join(' ')] }));
    expect(error).toMatchObject({ kind: 'context_window_exceeded', param: 'input' });
    expect(chained.mock.requests).toHaveLength(1);
  });
});
