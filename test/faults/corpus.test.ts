import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LLMError } from '../../src/errors/catalogue.ts';
import { explained, NOW } from '../support/explain.ts';

interface Entry {
  readonly id: string;
  readonly provider: string;
  readonly surface: string;
  readonly status: number | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly expect: string;
  readonly retryable: boolean;
  readonly retry_after_s: number | null;
}

const entries = readFileSync(new URL('./corpus.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Entry);

const PROVIDER_IDS: Readonly<Record<string, string>> = { 'llama.cpp': 'llamacpp', 'openai-compatible': 'openai_compatible' };

/** Providers whose own rules exist: every entry must come out right. */
const COMPLETE = new Set(
  `openai azure anthropic gemini vertex_ai palm ollama text-completion-openai openai_compatible vllm llamacpp lm_studio together_ai
   groq deepseek xai openrouter perplexity fireworks_ai cerebras nvidia_nim chutes cohere mistral huggingface ai21 voyage jina_ai watsonx bedrock sagemaker
   cloudflare replicate nlp_cloud aleph_alpha`.split(/\s+/),
);

/** Meanings that only a rule of a provider without one can know. */
const NEED_OWN_RULES = new Set<string>();

/** No answer came: refused, reset, timed out. Those are the transport's and are played over sockets. */
const isTransport = (entry: Entry): boolean => entry.status === null;

function play(entry: Entry): LLMError {
  const date = entry.headers?.date;
  return explained(PROVIDER_IDS[entry.provider] ?? entry.provider, entry.status ?? undefined, entry.body, {
    headers: Object.fromEntries(Object.entries(entry.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    streamed: entry.surface === 'stream',
    facts: { now: date === undefined ? NOW : Date.parse(date) },
  });
}

/** What differs from the entry; empty where it is understood. Waits may differ by the rounding to milliseconds. */
function differences(entry: Entry): string[] {
  const error = play(entry);
  const name = entry.expect === 'Timeout' ? 'TimeoutError' : entry.expect;
  const wait = error.retryAfterMs === undefined ? null : error.retryAfterMs / 1000;
  const { retry_after_s: expectedWait } = entry;
  const waitsAlike = wait === null || expectedWait === null ? wait === expectedWait : Math.abs(wait - expectedWait) < 0.002;
  return [
    ...(error.name === name ? [] : [`${error.name} instead of ${name}`]),
    ...(error.retryable === entry.retryable ? [] : [`retryable ${error.retryable} instead of ${entry.retryable}`]),
    ...(waitsAlike ? [] : [`wait ${wait} instead of ${expectedWait}`]),
  ];
}

const played = entries.filter((entry) => !isTransport(entry));

describe('recorded failures', () => {
  for (const entry of played.filter(({ provider }) => COMPLETE.has(PROVIDER_IDS[provider] ?? provider))) {
    it(`${entry.id} is ${entry.expect}`, () => {
      expect(differences(entry)).toEqual([]);
    });
  }

  it('no entry inside a 200 keeps that status', () => {
    const kept = played.map(play).filter(({ status }) => status !== undefined && status < 300);
    expect(kept).toEqual([]);
  });

  it('the shared rules alone understand the failures of all other providers, but for those that need rules of their own', () => {
    const others = played.filter(({ provider }) => !COMPLETE.has(PROVIDER_IDS[provider] ?? provider));
    const missed = others.filter((entry) => differences(entry).length > 0 && !NEED_OWN_RULES.has(entry.id));
    expect(missed.map((entry) => `${entry.id}: ${differences(entry).join(', ')}`)).toEqual([]);
  });
});
