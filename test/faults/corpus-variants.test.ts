import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { NOW } from '../support/explain.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import type { Entry } from './corpus-entries.ts';
import { CORPUS, classOf, FIELD, providerOf, SHEETS } from './corpus-entries.ts';
import { answerOf, isV1 } from './corpus-frames.ts';
import { failed, MODEL, wrongAmong } from './play.ts';

// All collections with what differs from one account, model and day to the next: rules must not hang on it.

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(() => server.close());

/** Every text of a body, changed. Codes and types are texts without a blank and stay. */
function inTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return /\s/.test(value) ? change(value) : value;
  if (Array.isArray(value)) return value.map((one) => inTexts(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inTexts(one, change)]));
}

/** A number above 999 gets other digits, as many as before. */
const otherNumbers = (text: string): string =>
  text.replace(/(?<![\w.-])\d{4,}(?![\w.-]*\w)/g, (digits) =>
    [...digits].map((digit) => `${(Number(digit) + 1) % 9 || 9}`).join(''),
  );

const VARIANTS: Readonly<Record<string, (body: unknown) => unknown>> = {
  'other numbers': (body) => inTexts(body, (text) => (/^data:|\(\d{4}\)$/.test(text) ? text : otherNumbers(text))),
  'typographic quotes': (body) => inTexts(body, (text) => text.replaceAll("'", '\u2019')),
  'straight quotes': (body) => inTexts(body, (text) => text.replaceAll('\u2019', "'")),
  'upper case': (body) => inTexts(body, (text) => (/[<{"]|^event|^id|litellm\./.test(text) ? text : text.toUpperCase())),
  'a sentence more': (body) => inTexts(body, (text) => (/[<{"]/.test(text) ? text : `${text} See the documentation.`)),
  'a prefix': (body) => inTexts(body, (text) => (/[<{"]|^\d|^event/.test(text) ? text : `Error: ${text}`)),
  'unknown fields': (body) =>
    typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, trace_flags: [1], server_time: 3 } : body,
};

const idOf = (entry: Entry): string => (isV1(entry.body) ? 'cohere_chat' : providerOf(entry));
const surfaceOf = ({ surface }: Entry): 'chat' | 'stream' | 'embeddings' => (surface === 'batch' ? 'chat' : surface);

const played = [...CORPUS, ...FIELD, ...SHEETS].filter(
  (entry) => entry.status !== null && entry.surface !== 'batch' && !['openai-stream-3', 'vertex-stream-1'].includes(entry.id),
);

describe.each(Object.keys(VARIANTS))('%s', (name) => {
  it('changes no class', async () => {
    const changed = played.flatMap((entry) => {
      const body = VARIANTS[name]?.(entry.body);
      return JSON.stringify(body) === JSON.stringify(entry.body) ? [] : [{ ...entry, body }];
    });
    expect(changed.length).toBeGreaterThan(0);
    const wrong = await wrongAmong(changed, async (entry) => {
      const origin = server.at(answerOf(entry));
      const { model = MODEL } = entry;
      const error = await failed(server, { id: idOf(entry), surface: surfaceOf(entry), origin, model, clock: fakeClock(NOW) });
      const right = error.name === classOf(entry) && (name === 'other numbers' || error.retryable === entry.retryable);
      return right ? [] : [`${entry.id}: ${error.name} (${error.retryable}) instead of ${classOf(entry)}: ${error.message}`];
    });
    expect(wrong).toEqual([]);
  });
});
