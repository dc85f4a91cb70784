import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import type { Call, OperationName, RequestOf } from '../../src/contract/call.ts';
import type { Catalogue, ModelFacts } from '../../src/contract/catalogue.ts';
import type { Next } from '../../src/contract/middleware.ts';
import { ContextWindowExceededError } from '../../src/errors/provider-errors.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { ContextCheckOptions } from '../../src/middleware/context-check.ts';
import { contextCheck } from '../../src/middleware/context-check.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import { callOf } from '../support/call.ts';
import { layered, rejectionOf } from '../support/layered.ts';

const words = (count: number): string => 'word '.repeat(count).trim();
const chat = (count: number, more: object = {}) => ({ messages: [{ role: 'user' as const, content: words(count) }], ...more });
/** Around the words of one message. */
const AROUND = 7;

const models = (facts: ModelFacts): (() => Catalogue) => {
  const catalogue = createCatalogue({ 'openai/gpt-own': facts });
  return () => catalogue;
};

async function passes<K extends OperationName>(
  operation: K,
  request: RequestOf<K>,
  facts: ModelFacts,
  options: ContextCheckOptions = {},
): Promise<boolean | ContextWindowExceededError> {
  const call = callOf(operation, request, { model: 'gpt-own', catalogue: models(facts) });
  let asked = 0;
  const next = (async () => {
    asked++;
    return {};
  }) as unknown as Next;
  try {
    await contextCheck(options)(call as Call<K>, next);
  } catch (error) {
    expect(asked).toBe(0);
    if (!(error instanceof ContextWindowExceededError)) throw error;
    expect(call.events).toMatchObject([{ type: 'skipped', reason: 'too_small', error }]);
    return error;
  }
  expect(asked).toBe(1);
  return true;
}

describe('a prompt', () => {
  it('that fits is passed on, one token more is not', async () => {
    expect(await passes('chat', chat(93), { maxInputTokens: 100 })).toBe(true);
    expect(await passes('chat', chat(94), { maxInputTokens: 100 })).toMatchObject({
      kind: 'context_window_exceeded',
      code: 'context_length_exceeded',
      type: 'invalid_request_error',
      param: 'messages',
      provider: 'openai',
      model: 'gpt-own',
      retryable: false,
      status: undefined,
      message: 'openai/gpt-own: context window exceeded: not sent: the prompt has about 101 tokens; 100 fit',
      details: { estimatedTokens: 101, reservedTokens: 0, maxInputTokens: 100, promptTokens: 101, maxTokens: 100 },
    });
  });

  it('a stream is no different', async () => {
    expect(await passes('stream', chat(94), { maxInputTokens: 100 })).toMatchObject({ code: 'context_length_exceeded' });
  });

  it('leaves room for the answer where both share the window', async () => {
    const facts = { maxInputTokens: 100, maxOutputTokens: 60 };
    for (const more of [{ max_tokens: 50 }, { max_completion_tokens: 50 }, { max_tokens: 1, max_completion_tokens: 50 }]) {
      expect(await passes('chat', chat(43, more), facts)).toBe(true);
      expect(await passes('chat', chat(44, more), facts)).toMatchObject({
        reason: 'not sent: the prompt has about 51 tokens, and 50 are kept for the answer; 100 fit',
        details: { estimatedTokens: 51, reservedTokens: 50, promptTokens: 101, maxInputTokens: 100, maxOutputTokens: 60 },
      });
      expect(await passes('chat', chat(93, more), facts, { reserveOutput: false })).toBe(true);
      expect(await passes('chat', chat(93, more), { ...facts, separateOutput: true })).toBe(true);
    }
    expect(await passes('chat', chat(93, { max_tokens: null }), facts)).toBe(true);
  });

  it('a margin keeps a share free', async () => {
    expect(await passes('chat', chat(73), { maxInputTokens: 100 }, { margin: 0.2 })).toBe(true);
    expect(await passes('chat', chat(74), { maxInputTokens: 100 }, { margin: 0.2 })).toMatchObject({
      reason: 'not sent: the prompt has about 81 tokens; 80 fit (100 without the margin)',
    });
  });

  it('counts tools and earlier turns', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string', description: words(60) } } };
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }];
    expect(await passes('chat', chat(10, { tools }), { maxInputTokens: 120 })).toBe(true);
    expect(await passes('chat', chat(40, { tools }), { maxInputTokens: 120 })).toMatchObject({ kind: 'context_window_exceeded' });
  });
});

describe('other operations', () => {
  it('each text of an embeddings call has the window for itself', async () => {
    const facts = { maxInputTokens: 10 };
    expect(await passes('embed', { input: words(10) }, facts)).toBe(true);
    expect(await passes('embed', { input: Array.from({ length: 50 }, () => words(10)) }, facts)).toBe(true);
    expect(await passes('embed', { input: [words(3), words(11), words(4)] }, facts)).toMatchObject({
      param: 'input',
      details: { estimatedTokens: 11 },
    });
    expect(await passes('embed', { input: [1, 2, 3] }, facts)).toBe(true);
    expect(await passes('embed', { input: Array.from({ length: 11 }, (_, i) => i) }, facts)).toMatchObject({ param: 'input' });
    expect(await passes('embed', { input: [[1, 2], [3]] }, { maxInputTokens: 2 })).toBe(true);
  });

  it('each document of a rerank call, together with the query', async () => {
    const facts = { maxInputTokens: 10 };
    expect(await passes('rerank', { query: words(4), documents: [words(6), { text: words(5) }] }, facts)).toBe(true);
    expect(await passes('rerank', { query: words(4), documents: [words(6), { text: words(7) }] }, facts)).toMatchObject({
      param: 'documents',
      details: { estimatedTokens: 11 },
    });
  });

  it('each prompt of a text completion, with room for its answer', async () => {
    const facts = { maxInputTokens: 20 };
    for (const operation of ['complete', 'completeStream'] as const) {
      expect(await passes(operation, { prompt: [words(10), words(10)], max_tokens: 10 }, facts)).toBe(true);
      expect(await passes(operation, { prompt: words(11), max_tokens: 10 }, facts)).toMatchObject({ param: 'prompt' });
    }
  });

  it('a list of models passes', async () => {
    expect(await passes('models', {}, { maxInputTokens: 1 })).toBe(true);
  });
});

describe('an unknown window', () => {
  it('passes by default, and is a mistake in the settings where it is to be refused', async () => {
    expect(await passes('chat', chat(100_000), {})).toBe(true);
    await expect(passes('chat', chat(1), {}, { unknown: 'refuse' })).rejects.toMatchObject({
      kind: 'configuration',
      message: expect.stringContaining("modelFacts({ 'openai/gpt-own': { maxInputTokens: … } })"),
    });
    expect(await passes('chat', chat(1), { maxInputTokens: 100 }, { unknown: 'refuse' })).toBe(true);
  });
});

describe('how much is counted', () => {
  const counting = (answer: number) => {
    const rooms: (number | undefined)[] = [];
    const base = createCatalogue({ 'openai/gpt-own': { maxInputTokens: 1000 } });
    const catalogue: Catalogue = {
      ...base,
      countTokens(target, request, room) {
        rooms.push(room);
        return room === undefined ? base.countTokens(target, request) : answer;
      },
    };
    return { rooms, catalogue: () => Promise.resolve(catalogue) };
  };

  it('the catalogue is told how much room there is, and may still be loading', async () => {
    const { rooms, catalogue } = counting(901);
    const call = callOf('chat', chat(1, { max_tokens: 100 }), { model: 'gpt-own', catalogue });
    await expect(contextCheck()(call, (async () => ({})) as unknown as Next)).rejects.toThrow(
      /about 901 tokens, and 100 are kept/,
    );
    expect(rooms).toEqual([900]);
  });

  it('near the limit exactly as without it, far from it on the right side', async () => {
    const catalogue = createCatalogue();
    const target = { provider: 'openai', model: 'gpt-5' };
    const exact = await catalogue.countTokens(target, chat(1000));
    expect(exact).toBe(1000 + AROUND);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30_000 }), async (room) => {
        const counted = await catalogue.countTokens(target, chat(1000), room);
        expect(counted <= room).toBe(exact <= room);
        if (room > exact / 1.2 && room < exact * 1.2) expect(counted).toBe(exact);
      }),
    );
  });
});

describe('in a chain', () => {
  it('moves on to the first target that fits, without a request', async () => {
    const catalogue = createCatalogue({
      'openai/gpt-5-mini': { maxInputTokens: 50 },
      'anthropic/small': { maxInputTokens: 50 },
      'gemini/large': { maxInputTokens: 1000 },
    });
    const { run, targets, eventsOf } = layered([fallback(['anthropic/small', 'gemini/large']), contextCheck()], [undefined]);
    await run({}, { request: chat(100), catalogue: () => catalogue });
    expect(targets()).toEqual(['gemini/large']);
    expect(eventsOf('skipped').map(({ target, reason }) => [target.model, reason])).toContainEqual(['gpt-5-mini', 'too_small']);
  });

  it('leads along the list for overflows, and the first refusal comes out when nothing fits', async () => {
    const catalogue = createCatalogue({ 'openai/gpt-5-mini': { maxInputTokens: 50 }, 'gemini/large': { maxInputTokens: 60 } });
    const layers = [fallback(['anthropic/x'], { contextWindow: ['gemini/large'] }), contextCheck()];
    const { run, attempts } = layered(layers, [undefined]);
    const error = await rejectionOf(run({}, { request: chat(100), catalogue: () => catalogue }));
    expect(error).toMatchObject({ kind: 'context_window_exceeded', model: 'gpt-5-mini', details: { maxInputTokens: 50 } });
    expect(attempts).toEqual([]);
  });
});

describe('settings', () => {
  it.each([
    [{ margin: 1 }, /contextCheck\.margin: expected a share of at least 0 and below 1, got 1/],
    [{ margin: -0.1 }, /contextCheck\.margin/],
    [{ reserveOutput: 5 }, /contextCheck\.reserveOutput: expected true or false/],
    [{ unknown: 'warn' }, /contextCheck\.unknown: expected "pass" or "refuse"/],
    [{ margins: 0.1 }, /contextCheck\.margins: unknown option; did you mean "margin"/],
  ])('%j is refused', (options, message) => {
    expect(() => contextCheck(options as never)).toThrow(ConfigurationError);
    expect(() => contextCheck(options as never)).toThrow(message);
  });
});
