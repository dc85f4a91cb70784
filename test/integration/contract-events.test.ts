import type { ClientEvent, ClientEventName, LLMClient } from 'holdfast';
import { circuitBreaker, createClient, fallback, retry } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fault, startMockServer } from 'holdfast/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const NAMES: readonly ClientEventName[] = [
  'call-started',
  'attempt-started',
  'attempt-ended',
  'waiting',
  'skipped',
  'fallback',
  'stream-committed',
  'breaker-changed',
  'budget-empty',
  'deadline',
  'call-ended',
];
const messages = [{ role: 'user' as const, content: 'a secret prompt' }];
const ASK = { model: 'openai/gpt-5-mini', messages };

let mock: MockServer;
let llm: LLMClient;
let events: ClientEvent[];
beforeEach(async () => {
  mock = await startMockServer();
  events = [];
  llm = createClient({
    providers: Object.fromEntries(['openai', 'groq'].map((id) => [id, { apiKey: 'sk-secret', baseURL: mock.baseURL(id) }])),
    use: [fallback(['groq/llama']), retry({ maxRetries: 1, minDelay: 1 }), circuitBreaker({ minCalls: 2, failureRate: 0.4 })],
  });
  for (const name of NAMES) llm.on(name, (event) => events.push(event));
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

const types = (): string[] => events.map(({ type }) => type);

describe('events', () => {
  it('tell a chain with a retry, an opening breaker and a fallback, in order', async () => {
    mock.enqueue('openai', fault.unavailable(), fault.unavailable());
    await llm.chat.completions.create(ASK, { correlationId: 'c-9', metadata: { team: 'kelp' } });
    expect(types()).toEqual([
      'call-started',
      'attempt-started',
      'attempt-ended',
      'waiting',
      'attempt-started',
      'attempt-ended',
      'breaker-changed',
      'fallback',
      'attempt-started',
      'attempt-ended',
      'call-ended',
    ]);
    for (const { call } of events)
      expect(call).toMatchObject({ correlationId: 'c-9', operation: 'chat', metadata: { team: 'kelp' } });
    expect(JSON.stringify(events)).not.toMatch(/secret/);
    const ended = events.at(-1);
    expect(ended).toMatchObject({
      type: 'call-ended',
      outcome: 'success',
      target: { provider: 'groq', model: 'llama' },
      attempts: { length: 3 },
    });
  });

  it('skipped: a target whose breaker is open, listed as circuit_open', async () => {
    mock.enqueue('openai', fault.unavailable(), fault.unavailable());
    await llm.chat.completions.create(ASK);
    events.length = 0;
    const answer = await llm.chat.completions.create(ASK);
    expect(types()).toContain('skipped');
    expect(answer.route.attempts).toMatchObject([
      { provider: 'openai', outcome: 'circuit_open', number: 1 },
      { provider: 'groq', outcome: 'success', number: 2 },
    ]);
    mock.enqueue('groq', fault.auth());
    const error = await rejection(llm.chat.completions.create(ASK));
    expect(error).toMatchObject({
      name: 'CircuitOpenError',
      kind: 'circuit_open',
      provider: 'openai',
      retryAfterMs: expect.any(Number),
    });
  });

  it('stream-committed: with the first content; call-ended at the end of the stream', async () => {
    const stream = await llm.chat.completions.create({ ...ASK, stream: true });
    expect(types()).toEqual(['call-started', 'attempt-started', 'stream-committed']);
    for await (const _ of stream);
    expect(types().slice(3).sort()).toEqual(['attempt-ended', 'call-ended']);
    expect(events.at(-1)).toMatchObject({ outcome: 'success', usage: { total_tokens: expect.any(Number) } });
  });

  it('deadline, once, before call-ended', async () => {
    mock.enqueue('openai', fault.stall());
    await rejection(llm.chat.completions.create(ASK, { deadline: 50 }));
    expect(types().filter((type) => type === 'deadline')).toHaveLength(1);
    expect(types().at(-1)).toBe('call-ended');
    expect(events.at(-1)).toMatchObject({ outcome: 'timeout', error: { kind: 'timeout', phase: 'deadline' } });
  });

  it('budget-empty may be listened to, and reported by a layer of one’s own', async () => {
    const heard: ClientEvent[] = [];
    await using other = createClient({
      providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } },
      use: [
        (call, next) => {
          call.report({ type: 'budget-empty', target: call.target });
          return next(call);
        },
      ],
      on: { 'budget-empty': (event) => heard.push(event) },
    });
    await other.chat.completions.create(ASK);
    expect(heard).toMatchObject([{ type: 'budget-empty', call: { operation: 'chat' } }]);
  });

  it('an unknown name throws', () => {
    expect(() => llm.on('call-stopped' as never, () => {})).toThrow(/call-/);
    expect(() => llm.on('call-ended', 7 as never)).toThrow(/function/);
  });
});
