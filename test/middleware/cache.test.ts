import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Call, CallOptions, OperationName, ResultOf } from '../../src/contract/call.ts';
import type { ChatChunk, ChatReply } from '../../src/contract/chat.ts';
import type { Middleware } from '../../src/contract/middleware.ts';
import type { AnswerStore, Store } from '../../src/contract/store.ts';
import type { ChunkStream } from '../../src/contract/stream.ts';
import type { CacheOptions } from '../../src/middleware/cache.ts';
import { cache } from '../../src/middleware/cache.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import { failure, layered, openStream, rejectionOf, replyOf } from '../support/layered.ts';

const chunk = (content: string, finish_reason: 'stop' | null = null): ChatChunk => ({
  id: 'chat-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: content === '' ? {} : { content }, finish_reason }],
});
const said = ['Kelp ', 'holds ', 'on'].map((text) => chunk(text));
const ended = [...said, chunk('', 'stop')];
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

/** A stream that has ended well, with everything still to be read. */
function streamOf(chunks: readonly ChatChunk[]): ChunkStream<ChatChunk> {
  const stream = openStream();
  stream.push(structuredClone([...chunks]));
  stream.usage = usage;
  stream.end();
  return stream;
}

async function read<C>(stream: unknown): Promise<C[]> {
  const chunks: C[] = [];
  for await (const each of stream as AsyncIterable<C>) chunks.push(each);
  return chunks;
}

/** Everything that is kept, by key. */
function spied(): { store: Store; texts: Map<string, string>; deleted: string[] } {
  const store = memoryStore();
  const texts = new Map<string, string>();
  const deleted: string[] = [];
  const answers: AnswerStore = {
    get: (key) => texts.get(key),
    set: (key, answer) => void texts.set(key, answer),
    delete(key) {
      deleted.push(key);
      texts.delete(key);
    },
  };
  return { store: { ...store, answers }, texts, deleted };
}

const ask = (text: string): { request: Call<'chat'>['request'] } => ({
  request: { messages: [{ role: 'user', content: text }] },
});

/** Values that JSON tells in full: no -0. */
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('a whole answer', () => {
  it('is given again to an equal question, in a new object each time', async () => {
    const { run, attempts, eventsOf } = layered([cache()], []);
    const first = await run();
    const second = await run();
    expect(second).toEqual(first);
    if (second.choices[0] !== undefined) second.choices[0].message.content = 'changed';
    first.choices.length = 0;
    expect(await run()).toEqual(replyOf('gpt-5-mini'));
    expect(attempts).toHaveLength(1);
    expect(eventsOf('cache-hit')).toEqual(
      Array(2).fill({ type: 'cache-hit', target: expect.objectContaining({ model: 'gpt-5-mini' }), source: 'cache' }),
    );
  });

  it('is found by a call that follows at once', async () => {
    const { run, attempts } = layered([cache()], []);
    await run().then(() => run());
    expect(attempts).toHaveLength(1);
  });

  it('is for that question only', async () => {
    const { run, attempts } = layered([cache()], []);
    await run({}, ask('a'));
    await run({}, ask('b'));
    await run({}, { request: { ...ask('a').request, seed: 1 } });
    await run({}, { ...ask('a'), target: { provider: 'openai', model: 'gpt-5', baseURL: '' } });
    expect(attempts).toHaveLength(4);
    await run({}, ask('a'));
    expect(attempts).toHaveLength(4);
  });

  it('lives as long as ttl', async () => {
    const { run, attempts, clock } = layered([cache({ ttl: 1000 })], []);
    await run();
    await clock.advance(999);
    await run();
    expect(attempts).toHaveLength(1);
    await clock.advance(1);
    await run();
    expect(attempts).toHaveLength(2);
  });

  it('is not kept when the call failed', async () => {
    const { run, attempts } = layered([cache()], [failure('service_unavailable'), undefined]);
    await rejectionOf(run());
    await run();
    await run();
    expect(attempts).toHaveLength(2);
  });

  it('is not kept when a filter cut it, or another target gave it', async () => {
    const filtered = replyOf('m');
    if (filtered.choices[0]) filtered.choices[0].finish_reason = 'content_filter';
    const cut = layered([cache()], [filtered, undefined]);
    await cut.run();
    await cut.run();
    expect(cut.attempts).toHaveLength(2);

    const target = { provider: 'anthropic', model: 'other', baseURL: '' };
    const redirect: Middleware = (call, next) => next({ ...call, target });
    const moved = layered([cache(), redirect], []);
    await moved.run();
    await moved.run();
    expect(moved.attempts).toHaveLength(2);
    const inside = layered([redirect, cache()], []);
    await inside.run();
    await inside.run();
    expect(inside.attempts).toHaveLength(1);
  });

  it('is not kept when a layer made it up', async () => {
    const { store, texts } = spied();
    const madeUp: Middleware = async <K extends OperationName>() => replyOf('x') as unknown as ResultOf<K>;
    await layered([cache({ store }), madeUp], []).run();
    await new Promise((resolve) => setImmediate(resolve));
    expect(texts.size).toBe(0);
  });

  it('may be another shape for other operations', async () => {
    const results: Record<string, object> = {
      embed: { object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [0.1, -2e-7] }] },
      rerank: { model: 'm', results: [{ index: 0, relevance_score: 0.5 }] },
      complete: {
        id: 'c',
        object: 'text_completion',
        created: 0,
        model: 'm',
        choices: [{ index: 0, text: 'Hi', finish_reason: 'stop' }],
      },
    };
    for (const [operation, result] of Object.entries(results)) {
      const { run, attempts } = layered([cache()], [result]);
      const changes = { operation: operation as 'chat', request: { input: 'a', query: 'a', prompt: 'a' } as never };
      expect(await run({}, changes)).toEqual(result);
      expect(await run({}, changes)).toEqual(result);
      expect(attempts, operation).toHaveLength(1);
    }
    const { run, attempts } = layered([cache()], [{ object: 'list', data: [] }]);
    for (let i = 0; i < 2; i++) await run({}, { operation: 'models' as 'chat', request: {} as never });
    expect(attempts).toHaveLength(2);
  });
});

describe('a stream', () => {
  const streamed = { operation: 'stream' as 'chat' };

  it('is recorded while it passes and given again chunk by chunk', async () => {
    const { run, attempts } = layered([cache()], [() => streamOf(ended)]);
    expect(await read(await run({}, streamed))).toEqual(ended);
    const again = (await run({}, streamed)) as unknown as ChunkStream<ChatChunk>;
    expect(await read(again)).toEqual(ended);
    expect(again.usage).toEqual(usage);
    expect(attempts).toHaveLength(1);
  });

  it('passes at the pace of its source: nothing is held back', async () => {
    const source = openStream();
    const { run } = layered([cache()], [source]);
    const stream = await run({}, streamed);
    expect(stream).toBe(source);
  });

  it.each<[string, (stream: ChunkStream<ChatChunk>) => void]>([
    ['broke', (stream) => stream.fail(failure('stream_interrupted'))],
    ['was left by its reader', (stream) => stream.cancel()],
    [
      'was read as bytes',
      (stream) => {
        stream.raw();
        stream.end();
      },
    ],
  ])('is not kept when it %s', async (_, end) => {
    const source = openStream();
    source.push(structuredClone(said));
    const { run, attempts } = layered([cache()], [source, () => streamOf(ended)]);
    await run({}, streamed);
    end(source);
    await read(await run({}, streamed));
    expect(attempts).toHaveLength(2);
  });

  it('is not kept when a filter ended it, or it cannot be told', async () => {
    const odd = { ...chunk('x'), extra: 1n } as unknown as ChatChunk;
    for (const last of [{ ...chunk(''), choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' as const }] }, odd]) {
      const { run, attempts } = layered([cache()], [() => streamOf([...said, last])]);
      await run({}, streamed);
      await run({}, streamed);
      expect(attempts).toHaveLength(2);
    }
  });

  it('answers a whole call, and a whole answer a stream', async () => {
    const { run, attempts } = layered([cache()], [() => streamOf(ended)]);
    await read(await run({}, streamed));
    expect(await run()).toMatchObject({
      object: 'chat.completion',
      id: 'chat-1',
      choices: [{ message: { role: 'assistant', content: 'Kelp holds on' }, finish_reason: 'stop' }],
      usage,
    });
    expect(attempts).toHaveLength(1);

    const other = layered([cache()], [{ ...replyOf('m'), usage }]);
    await other.run();
    const stream = (await other.run({}, streamed)) as unknown as ChunkStream<ChatChunk>;
    const chunks = await read<ChatChunk>(stream);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello');
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(stream.usage).toEqual(usage);
    expect(other.attempts).toHaveLength(1);
  });

  it('asks anew where a whole answer cannot be streamed', async () => {
    const spoken = replyOf('m');
    if (spoken.choices[0]) spoken.choices[0].message.audio = { id: 'a', data: '', expires_at: 0, transcript: '' };
    const { run, attempts } = layered([cache()], [spoken, () => streamOf(ended)]);
    await run();
    await read(await run({}, streamed));
    await read(await run({}, streamed));
    expect(attempts).toHaveLength(2);
  });

  it('shows the usage chunk to those who asked for it', async () => {
    const told = { ...chunk(''), choices: [], usage };
    const wanting = { ...streamed, request: { ...ask('Hi').request, stream_options: { include_usage: true } } };
    const withIt = layered([cache()], [() => streamOf([...ended, told])]);
    expect(await read(await withIt.run({}, wanting))).toHaveLength(5);
    expect(await read(await withIt.run({}, wanting))).toEqual([...ended, told]);
    expect(await read(await withIt.run({}, { ...streamed, ...ask('Hi') }))).toEqual(ended);
    const without = layered([cache()], [() => streamOf(ended)]);
    await read(await without.run({}, { ...streamed, ...ask('Hi') }));
    expect(await read(await without.run({}, wanting))).toEqual([...ended, { ...told, choices: [] }]);
  });

  it('gives back any chunks', async () => {
    const any = fc.array(
      fc.record({
        id: fc.string(),
        choices: fc.array(fc.record({ index: fc.nat(3), delta: fc.dictionary(fc.string(), fc.jsonValue()) }), {
          minLength: 1,
          maxLength: 2,
        }),
      }),
      { maxLength: 150 },
    );
    await fc.assert(
      fc.asyncProperty(any.map(asJson), async (chunks) => {
        const { run } = layered([cache()], [() => streamOf(chunks as never)]);
        expect(await read(await run({}, streamed))).toEqual(chunks);
        expect(await read(await run({}, streamed))).toEqual(chunks);
      }),
      { numRuns: 40 },
    );
  });

  it('is replayed as it is read, and others get their turn', async () => {
    const long = Array.from({ length: 5000 }, (_, i) => chunk(`w${i} `));
    const { run } = layered([cache()], [() => streamOf([...long, chunk('', 'stop')])]);
    await read(await run({}, streamed));
    const parse = vi.spyOn(JSON, 'parse');
    const replayed = (await run({}, streamed)) as unknown as ChunkStream<ChatChunk>;
    expect(parse.mock.calls.length).toBeLessThan(100);
    parse.mockRestore();
    let turns = 0;
    let reading = true;
    const count = (): void => {
      turns++;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    expect(await read(replayed)).toHaveLength(5001);
    reading = false;
    expect(turns).toBeGreaterThan(50);
  });

  it('is handed to a layer that forwards it piece by piece, with turns in between, and waits when told', async () => {
    const long = Array.from({ length: 1000 }, (_, i) => chunk(`w${i} `));
    const { run } = layered([cache()], [() => streamOf(long)]);
    await read(await run({}, streamed));
    const replayed = (await run({}, streamed)) as unknown as ChunkStream<ChatChunk>;
    const batches: number[] = [];
    const ends: unknown[] = [];
    replayed.forward({
      push(batch) {
        batches.push(batch.length);
        if (batches.length === 4) replayed.source.pause();
      },
      settled: (settlement) => ends.push(settlement),
    });
    const turns = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    expect(batches).toEqual([64]);
    await turns(30);
    expect(batches).toEqual([64, 64, 64, 64]);
    replayed.source.resume();
    replayed.source.resume();
    await turns(30);
    expect(batches.reduce((sum, count) => sum + count)).toBe(1000);
    expect(Math.max(...batches)).toBe(64);
    expect(ends).toEqual(['success']);
  });

  it('that its reader leaves is read no further', async () => {
    const long = Array.from({ length: 500 }, (_, i) => chunk(`w${i} `));
    const { run } = layered([cache()], [() => streamOf(long)]);
    await read(await run({}, streamed));
    const replayed = (await run({}, streamed)) as unknown as ChunkStream<ChatChunk>;
    const settled: unknown[] = [];
    replayed.onSettled((settlement) => settled.push(settlement));
    for await (const _ of replayed) break;
    expect(settled).toEqual(['abandoned']);
  });
});

describe('the store', () => {
  afterEach(() => vi.restoreAllMocks());

  it('sees no prompt in its keys, only hashes', async () => {
    const { store, texts } = spied();
    const { run } = layered([cache({ store, key: (_, question) => `ada@example.org ${question}` })], []);
    await run({}, ask('a secret question'));
    await vi.waitFor(() => expect(texts.size).toBe(1));
    expect([...texts.keys()][0]).toMatch(/^cache:[0-9a-f]{64}$/);
    expect([...texts.values()][0]).not.toContain('secret');
  });

  it.each<[string, (text: string) => string]>([
    ['cut', (text) => text.slice(0, -3)],
    ['empty', () => ''],
    ['changed', (text) => text.replace('Hello', 'Hullo')],
    ['of somebody else', () => '{"choices":[{"message":{"content":"bought"}}]}'],
    ['code', () => 'process.exit(1)'],
    ['polluting', () => '{"__proto__":{"polluted":true}}'],
  ])('holds an entry that is %s: it is deleted, the question asked again', async (_, change) => {
    const { store, texts, deleted } = spied();
    const { run, attempts } = layered([cache({ store })], []);
    await run();
    await vi.waitFor(() => expect(texts.size).toBe(1));
    const [key = '', text = ''] = [...texts][0] ?? [];
    texts.set(key, change(text));
    expect(await run()).toEqual(replyOf('gpt-5-mini'));
    expect(attempts).toHaveLength(2);
    expect(deleted).toEqual([key]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await run()).toEqual(replyOf('gpt-5-mini'));
    expect(attempts).toHaveLength(2);
  });

  it('holds an answer under another key: it is not taken for an answer to this question', async () => {
    const { store, texts } = spied();
    const { run, attempts } = layered([cache({ store })], []);
    await run({}, ask('a'));
    await run({}, ask('b'));
    await vi.waitFor(() => expect(texts.size).toBe(2));
    const [[a = '', textA = ''] = [], [b = ''] = []] = [...texts];
    texts.set(b, textA);
    expect(a).not.toBe(b);
    await run({}, ask('b'));
    expect(attempts).toHaveLength(3);
  });

  it.each(['get', 'set', 'delete'] as const)('fails at %s: the call does not', async (method) => {
    const { store } = spied();
    const answers = { ...store.answers, [method]: () => Promise.reject(new Error('away')) };
    const { run, attempts } = layered([cache({ store: { answers } })], []);
    await run();
    expect(await run()).toEqual(replyOf('gpt-5-mini'));
    expect(attempts.length).toBe(method === 'delete' ? 1 : 2);
  });

  it('is given nothing longer than maxBytes, and nothing that is not JSON', async () => {
    const { store, texts } = spied();
    const circle: { self?: unknown } & ChatReply = replyOf('m');
    circle.self = circle;
    const long = replyOf('m');
    if (long.choices[0]) long.choices[0].message.content = '€'.repeat(400);
    const long8 = [...said, chunk('€'.repeat(400)), chunk('', 'stop')];
    const { run } = layered([cache({ store, maxBytes: 1000 })], [long, circle, () => streamOf(long8)]);
    await run({}, ask('a'));
    await run({}, ask('b'));
    await run({}, { ...ask('c'), operation: 'stream' as 'chat' });
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(texts.size).toBe(0);
  });

  it('is the client’s own by default', async () => {
    const store = memoryStore();
    const { run, attempts } = layered([cache()], []);
    await run({}, { store });
    await run({}, { store });
    await run();
    expect(attempts).toHaveLength(2);
  });
});

describe('what the caller decides', () => {
  async function attemptsOf(options: CacheOptions, calls: readonly CallOptions[]): Promise<number> {
    const { run, attempts } = layered([cache(options)], []);
    for (const call of calls) await run(call);
    return attempts.length;
  }

  it.each<[string, CacheOptions, CallOptions[], number]>([
    ['skip neither reads', {}, [{}, { cache: 'skip' }], 2],
    ['skip nor keeps', {}, [{ cache: 'skip' }, {}], 2],
    ['refresh does not read', {}, [{}, { cache: 'refresh' }], 2],
    ['refresh keeps', {}, [{ cache: 'refresh' }, {}], 1],
    ['when: not these calls', { when: ({ options }) => options.metadata?.live !== true }, [{}, { metadata: { live: true } }], 2],
    ['key: refuse', { key: () => undefined }, [{}, {}], 2],
    [
      'key: tenants apart',
      { key: ({ options }, question) => `${options.metadata?.tenant} ${question}` },
      [{ metadata: { tenant: 1 } }, { metadata: { tenant: 2 } }],
      2,
    ],
    ['key: the same for all', { key: () => 'one' }, [{}, { unsupportedParams: 'drop' }], 1],
  ])('%s', async (_, options, calls, attempts) => expect(await attemptsOf(options, calls)).toBe(attempts));

  it('gets the refreshed answer from then on', async () => {
    const { run } = layered([cache()], [replyOf('old'), replyOf('new')]);
    await run();
    await run({ cache: 'refresh' });
    expect((await run()).model).toBe('new');
  });

  it.each<[CacheOptions, RegExp]>([
    [{ ttl: 0 }, /cache\.ttl: expected a number of milliseconds > 0, got 0$/],
    [{ ttl: Number.NaN }, /cache\.ttl/],
    [{ maxBytes: 1.5 }, /cache\.maxBytes: expected a whole number of bytes ≥ 1, got 1.5/],
    [{ store: {} as Store }, /cache\.store: expected a store, as memoryStore\(\) makes them/],
    [{ key: 'k' as never }, /cache\.key: expected a function/],
    [{ tttl: 3 } as CacheOptions, /cache\.tttl: unknown option; did you mean "ttl"\?/],
  ])('is refused when the layer is built: %o', (options, message) => expect(() => cache(options)).toThrow(message));
});
