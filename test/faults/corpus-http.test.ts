import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LLMError } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { rejection } from '../support/client.ts';
import { explained, NOW } from '../support/explain.ts';
import { settingsAt } from '../support/provider-settings.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import type { Entry } from './corpus-entries.ts';
import { CORPUS, classOf, providerOf } from './corpus-entries.ts';
import { answerOf, isV1, opening } from './corpus-frames.ts';
import { differences } from './differences.ts';
import type { Scene } from './play.ts';
import { failed, MODEL, tokensAt } from './play.ts';
import { Score } from './score.ts';

// Every entry of the corpus as its provider sends it, over a real connection and through the public client.

const SOON = 150;
const messages = [{ role: 'user' as const, content: 'Hello' }];

/** No answer came: what happens on the line instead. `aside`: it did not travel over HTTP at all. */
const LINES: Readonly<Record<string, 'refused' | 'cut' | 'silence' | 'handshake' | 'aside'>> = {
  'openai-conn-1': 'refused',
  'openai-conn-2': 'cut',
  'openai-timeout-1': 'silence',
  'bedrock-timeout-1': 'handshake',
  'ollama-conn-1': 'refused',
  'cloudflare-rl-2': 'aside',
};

/** An end without an answer rather than an error, so there is nothing to send after content. */
const ONLY_EVENT = new Set(['gemini-cp-prompt-2', 'cohere-200-2']);

/** A terminal event of the Responses API, which no operation here speaks: only the rules are asked. */
const RESPONSES = new Set(['openai-stream-3']);

/** Claude's error event comes from Vertex when Claude was asked. */
const MODELS: Readonly<Record<string, string>> = { 'vertex-stream-1': 'claude-sonnet-4-5@20250929' };

/** Ids that speak the protocol of an entry. */
function idsOf(entry: Entry): readonly string[] {
  const id = providerOf(entry);
  if (id === 'cohere') return isV1(entry.body) ? ['cohere_chat'] : ['cohere', 'cohere_chat'];
  if (id === 'ollama') return ['ollama', 'ollama_chat'];
  return [id];
}

const cases = CORPUS.flatMap((entry) =>
  idsOf(entry).map((id) => ({ entry, id, name: `${entry.id} at ${id} is ${entry.expect}` })),
);
const isThere = (id: string): boolean => Object.hasOwn(PROVIDERS, id);
const modelOf = ({ id }: Entry): string => MODELS[id] ?? MODEL;

let server: RawServer;
const score = new Score();
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(async () => {
  await server.close();
  console.log(score.summary());
});

/** The error of the one call that an entry is about. */
function failedCall(entry: Entry, id: string, origin: string, limits: Pick<Scene, 'attempt' | 'limits'> = {}): Promise<LLMError> {
  const { status, surface, headers } = entry;
  if (surface === 'batch') throw new Error(`${entry.id} is no call`);
  const now = headers?.date === undefined ? NOW : Date.parse(headers.date);
  return failed(server, {
    id,
    origin,
    surface,
    model: modelOf(entry),
    ...(status === null ? limits : { clock: fakeClock(now) }),
  });
}

/** A line of a batch's results is read by itself, and a binding knows no HTTP. */
const isAside = ({ id, surface }: Entry): boolean => surface === 'batch' || LINES[id] === 'aside' || RESPONSES.has(id);

async function play(entry: Entry, id: string): Promise<LLMError> {
  const { status, surface, body } = entry;
  if (isAside(entry)) return explained(id, status ?? undefined, body, { streamed: surface === 'stream' });
  if (status !== null) return failedCall(entry, id, server.at(answerOf(entry)));
  switch (LINES[entry.id]) {
    case 'refused':
      return failedCall(entry, id, server.refused);
    case 'cut':
      return failedCall(
        entry,
        id,
        server.at({ status: 200, headers: { 'content-type': 'text/event-stream' }, body: ': open\n\n', ending: 'cut' }),
      );
    case 'silence':
      return failedCall(entry, id, server.at({ status: 200, ending: 'silence' }), { attempt: SOON });
    case 'handshake':
      return failedCall(entry, id, server.mute, { limits: { connect: SOON } });
    default:
      throw new Error(`nobody said what happens on the line of ${entry.id}`);
  }
}

describe('recorded failures over HTTP', () => {
  for (const { entry, id, name } of cases.filter((one) => isThere(one.id))) {
    it(name, async () => {
      const error = await play(entry, id);
      const wrong = differences(entry, error);
      score.add(entry, id, wrong.length === 0);
      expect(wrong).toEqual([]);
      expect(error).toMatchObject({ provider: id, llmProvider: id });
    });
  }

  it('leaves out nothing but what the registry does not have', () => {
    const missing = [...new Set(cases.map(({ id }) => id).filter((id) => !isThere(id)))];
    score.missing = missing;
    expect(new Set([...score.played, ...missing])).toEqual(new Set(cases.map(({ id }) => id)));
    expect(missing.filter((id) => Object.hasOwn(PROVIDERS, id))).toEqual([]);
  });

  it('knows what happens on every line without an answer', () => {
    expect(CORPUS.filter(({ status }) => status === null).map(({ id }) => id)).toEqual(
      expect.arrayContaining(Object.keys(LINES)),
    );
  });

  it('changes few expectations, each with its reason', () => {
    const changed = CORPUS.filter(({ why }) => why !== undefined);
    expect(changed.length).toBeLessThanOrEqual(CORPUS.length * 0.03);
    for (const { why } of changed) expect(why?.length).toBeGreaterThan(20);
  });
});

describe('the same answers to a call that asked for a stream', () => {
  for (const { entry, id, name } of cases.filter(({ entry, id }) => entry.surface === 'chat' && isThere(id))) {
    if (entry.status === null) continue;
    it(name, async () => {
      const streamed: Entry = { ...entry, surface: 'stream' };
      const error = await failedCall(streamed, id, server.at(answerOf(entry)));
      expect(differences(streamed, error)).toEqual([]);
    });
  }
});

describe('the same errors after content', () => {
  const broken = cases.filter(
    ({ entry, id }) =>
      entry.surface === 'stream' && entry.status === 200 && !ONLY_EVENT.has(entry.id) && !isAside(entry) && isThere(id),
  );
  for (const { entry, id, name } of broken) {
    it(name, async () => {
      const model = modelOf(entry);
      const llm = createClient({
        use: [],
        providers: { [id]: settingsAt(id, server.at(answerOf(entry, opening(id, model))), tokensAt(server)) },
      });
      let content = '';
      const error = await rejection(
        (async () => {
          const stream = await llm.chat.completions.create({ model: `${id}/${model}`, messages, stream: true });
          for await (const chunk of stream) content += chunk.choices[0]?.delta.content ?? '';
        })(),
      );
      await llm.close();
      expect(content).toBe('one two three');
      expect(error).toMatchObject({ name: classOf(entry), partial: { content } });
      expect((error as LLMError).status).toBeGreaterThanOrEqual(400);
    });
  }
});
