import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import type { Catalogue, ModelFacts } from '../../src/contract/catalogue.ts';
import type { FallbackList, FallbackOptions } from '../../src/middleware/fallback.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import type { Layered, Step } from '../support/layered.ts';
import { failure, layered, rejectionOf, targetOf } from '../support/layered.ts';

const PRIMARY = 'openai/gpt-5-mini';
const SMALL = 'ollama/small';
const MIDDLE = 'anthropic/middle';
const LARGE = 'gemini/large';
const UNKNOWN = 'openrouter/unknown';

const WINDOWS: Readonly<Record<string, number>> = { [SMALL]: 8_000, [MIDDLE]: 100_000, [LARGE]: 1_000_000 };

interface Asked {
  loaded: number;
  counted: string[];
}

/** A catalogue that counts `tokens` for every prompt and tells what it was asked for. */
function catalogueOf(tokens: number, asked: Asked = { loaded: 0, counted: [] }): () => Promise<Catalogue> {
  const catalogue: Catalogue = {
    ...createCatalogue(),
    find: ({ provider, model }): ModelFacts => ({ maxInputTokens: WINDOWS[`${provider}/${model}`] }),
    countTokens: async ({ provider, model }) => {
      asked.counted.push(`${provider}/${model}`);
      return tokens;
    },
  };
  return async () => {
    asked.loaded++;
    return catalogue;
  };
}

const overflow = (details: Readonly<Record<string, number>> = {}) => failure('context_window_exceeded', { details });

const chain = (
  script: Readonly<Record<string, readonly Step[]>>,
  options?: FallbackOptions,
  list: FallbackList = [SMALL, UNKNOWN, MIDDLE, LARGE],
): Layered => layered([fallback(list, options)], script);

describe('after an overflow', () => {
  it('the first target whose window fits the prompt is asked, unknown ones in their turn', async () => {
    const rig = chain({ [PRIMARY]: [overflow()], [UNKNOWN]: [failure('connection')] });
    await rig.run({}, { catalogue: catalogueOf(150_000) });
    expect(rig.targets()).toEqual([PRIMARY, UNKNOWN, LARGE]);
    expect(rig.eventsOf('skipped')).toEqual([
      { type: 'skipped', reason: 'too_small', target: targetOf(SMALL) },
      { type: 'skipped', reason: 'too_small', target: targetOf(MIDDLE) },
    ]);
  });

  it('the same holds for a list of its own, which then is not searched for the same model elsewhere', async () => {
    const script = { [PRIMARY]: [overflow()] };
    const own = { contextWindow: [SMALL, MIDDLE, 'azure/gpt-5-mini', LARGE] };
    const rig = chain(script, own, []);
    await rig.run({}, { catalogue: catalogueOf(150_000) });
    expect(rig.targets()).toEqual([PRIMARY, 'azure/gpt-5-mini']);
    const fitting = chain(script, own, []);
    await fitting.run({}, { catalogue: catalogueOf(50_000) });
    expect(fitting.targets()).toEqual([PRIMARY, MIDDLE]);
  });

  it.each([
    ['the prompt as the provider counted it', { promptTokens: 120_000, maxTokens: 100 }, 10, [PRIMARY, LARGE]],
    ['a count that is smaller than our own', { promptTokens: 90_000 }, 500_000, [PRIMARY, MIDDLE]],
    ['the window alone', { maxTokens: 100_000 }, 10, [PRIMARY, LARGE]],
    [
      'an estimate made before it was sent, which counts for its target alone',
      { promptTokens: 900_000, maxTokens: 9, estimatedTokens: 9 },
      10,
      [PRIMARY, SMALL],
    ],
    ['nonsense', { promptTokens: Number.NaN, maxTokens: -1 }, 90_000, [PRIMARY, MIDDLE]],
  ])('what the provider tells counts: %s', async (_, details, tokens, expected) => {
    const rig = chain({ [PRIMARY]: [overflow(details)] }, undefined, [SMALL, MIDDLE, LARGE]);
    await rig.run({}, { catalogue: catalogueOf(tokens) });
    expect(rig.targets()).toEqual(expected);
  });

  it('a second overflow is learned from, and later failures still pass what is too small', async () => {
    const rig = chain({
      [PRIMARY]: [failure('connection')],
      [SMALL]: [overflow({ maxTokens: 8_000 })],
      [UNKNOWN]: [overflow({ promptTokens: 400_000, maxTokens: 200_000 })],
    });
    await rig.run({}, { catalogue: catalogueOf(10) });
    expect(rig.targets()).toEqual([PRIMARY, SMALL, UNKNOWN, LARGE]);
  });

  it('when every target is too small the primary’s error is thrown', async () => {
    const error = overflow();
    const rig = chain({ [PRIMARY]: [error] }, undefined, [SMALL, MIDDLE]);
    expect(await rejectionOf(rig.run({}, { catalogue: catalogueOf(2_000_000) }))).toBe(error);
    expect(rig.targets()).toEqual([PRIMARY]);
  });

  it('changes for one target are counted with it', async () => {
    const seen: unknown[] = [];
    const rig = chain({ [PRIMARY]: [overflow()] }, undefined, [{ model: MIDDLE, params: { messages: [] } }]);
    await rig.run(
      {},
      {
        catalogue: () => ({
          ...createCatalogue(),
          find: () => ({ maxInputTokens: 10 }),
          countTokens: (_, request) => seen.push(request),
        }),
      },
    );
    expect(seen).toEqual([{ messages: [] }]);
    expect(rig.targets()).toEqual([PRIMARY, MIDDLE]);
  });

  it('room that the call asks for beside its prompt counts, but not where answers have a window of their own', async () => {
    const asked = { messages: [], max_completion_tokens: 60_000 };
    for (const separateOutput of [true, false]) {
      const rig = chain({ [PRIMARY]: [overflow()] }, undefined, [MIDDLE]);
      const find = (): ModelFacts => ({ maxInputTokens: 100_000, separateOutput });
      const run = rig.run({}, { request: asked, catalogue: () => ({ ...createCatalogue(), find, countTokens: () => 50_000 }) });
      await run.catch(() => undefined);
      expect(rig.targets()).toEqual(separateOutput ? [PRIMARY, MIDDLE] : [PRIMARY]);
    }
  });

  it('a catalogue that cannot be loaded or counted with keeps nobody from being asked', async () => {
    const broken = [
      () => Promise.reject(new Error('gone')),
      async (): Promise<Catalogue> => ({
        ...createCatalogue(),
        find: () => ({ maxInputTokens: 1 }),
        countTokens: () => Promise.reject(new Error('no tokenizer')),
      }),
    ];
    for (const catalogue of broken) {
      const rig = chain({ [PRIMARY]: [overflow()] });
      await rig.run({}, { catalogue });
      expect(rig.targets()).toEqual([PRIMARY, SMALL]);
    }
  });
});

describe('the catalogue', () => {
  it('is asked after an overflow only, and counts only where a window is known', async () => {
    const asked: Asked = { loaded: 0, counted: [] };
    const catalogue = catalogueOf(150_000, asked);
    await chain({}).run({}, { catalogue });
    await chain({ [PRIMARY]: [failure('connection')], [SMALL]: [failure('rate_limit')] }).run({}, { catalogue });
    expect(asked).toEqual({ loaded: 0, counted: [] });
    await chain({ [PRIMARY]: [overflow()] }, undefined, [UNKNOWN]).run({}, { catalogue });
    expect(asked).toEqual({ loaded: 1, counted: [] });
    await chain({ [PRIMARY]: [overflow()] }, undefined, [SMALL, LARGE]).run({}, { catalogue });
    expect(asked).toEqual({ loaded: 2, counted: [SMALL, LARGE] });
  });
});
