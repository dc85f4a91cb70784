import type { Clock, LLMClient, LLMError, TimeoutOptions } from '../../src/index.ts';
import { createClient, isLLMError, timeout } from '../../src/index.ts';
import { rejection } from '../support/client.ts';
import { settingsAt } from '../support/provider-settings.ts';
import type { RawServer } from '../support/raw-server.ts';

/** One failing call through the public client, without layers but for the limits of the test. */
export interface Scene {
  readonly id: string;
  /** Where the provider answers. */
  readonly origin: string;
  readonly surface: 'chat' | 'stream' | 'embeddings';
  readonly model?: string;
  readonly clock?: Clock;
  /** Milliseconds for the attempt, as a setting of the provider. */
  readonly attempt?: number;
  readonly limits?: TimeoutOptions;
}

export const MODEL = 'some-model';
const messages = [{ role: 'user' as const, content: 'Hello' }];

/** A token service, for those who exchange their key. */
export const tokensAt = (server: RawServer): string =>
  server.at({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"access_token":"t","expires_in":3600}' });

/** The error that the call rejects with, or its stream throws. */
export async function failed(server: RawServer, scene: Scene): Promise<LLMError> {
  const { id, origin, surface, model = MODEL, clock, attempt, limits } = scene;
  const llm = createClient({
    use: limits === undefined ? [] : [timeout(limits)],
    providers: { [id]: { ...settingsAt(id, origin, tokensAt(server)), ...(attempt === undefined ? {} : { timeout: attempt }) } },
    ...(clock === undefined ? {} : { clock }),
  });
  try {
    const error = await rejection(callOf(llm, surface, `${id}/${model}`));
    if (!isLLMError(error)) throw error;
    return error;
  } finally {
    await llm.close();
  }
}

const AT_ONCE = 24;

/** Plays many, some at once; what was wrong with any of them. */
export async function wrongAmong<T>(all: readonly T[], play: (one: T) => Promise<readonly string[]>): Promise<string[]> {
  const wrong: string[] = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const told = await Promise.all(all.slice(start, start + AT_ONCE).map(play));
    wrong.push(...told.flat());
  }
  return wrong;
}

async function callOf(llm: LLMClient, surface: Scene['surface'], model: string): Promise<unknown> {
  if (surface === 'embeddings') return llm.embeddings.create({ model, input: 'Hello' });
  if (surface === 'chat') return llm.chat.completions.create({ model, messages });
  const stream = await llm.chat.completions.create({ model, messages, stream: true });
  for await (const _ of stream);
  return undefined;
}
