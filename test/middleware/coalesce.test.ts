import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call, CallOptions } from '../../src/contract/call.ts';
import type { ChatChunk } from '../../src/contract/chat.ts';
import { ChunkStream } from '../../src/contract/stream.ts';
import type { CoalesceOptions } from '../../src/middleware/coalesce.ts';
import { coalesce } from '../../src/middleware/coalesce.ts';
import type { Changes, Layered } from '../support/layered.ts';
import { failure, layered, openStream, rejectionOf, replyOf } from '../support/layered.ts';

type Source = ChunkStream<ChatChunk>;

const chunk = (content: string): ChatChunk => ({
  id: 'chat-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});
const streamed: Changes = { operation: 'stream' as 'chat' };
const resolve: Call['resolve'] = () => ({ provider: 'openai', model: 'x', baseURL: '' });

const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

/** Answers that the test gives when it likes, one for each attempt. */
function held(): { answer: (result?: unknown) => void; steps: readonly [() => Promise<unknown>] } {
  const waiting: ((result: unknown) => void)[] = [];
  return {
    answer: (result) => waiting.shift()?.(result),
    steps: [() => new Promise((done) => waiting.push(done))],
  };
}

/** A stream whose sender the test is, and what its reader has asked of it. */
function openSource(): { source: Source; asked: string[]; say: (...words: string[]) => Promise<void> } {
  const asked: string[] = [];
  const note = (what: string) => () => void asked.push(what);
  const source: Source = new ChunkStream<ChatChunk>(
    { status: 200, headers: {}, pause: note('pause'), resume: note('resume'), cancel: note('cancel') },
    [],
  );
  return {
    source,
    asked,
    async say(...words) {
      source.push(words.map(chunk));
      await turns(2);
    },
  };
}

/** A source that sends a few words in each turn unless it is paused, and then its end. */
function sender(words: readonly string[]): { source: Source; sent: () => number; send: () => void } {
  let at = 0;
  let paused = false;
  const send = (): void => {
    if (paused || at >= words.length) return;
    const batch = words.slice(at, at + 40);
    at += batch.length;
    source.push(batch.map(chunk));
    if (at >= words.length) source.end();
    else setImmediate(send);
  };
  const pause = (): void => {
    paused = true;
  };
  const resume = (): void => {
    paused = false;
    setImmediate(send);
  };
  const source: Source = new ChunkStream<ChatChunk>({ status: 200, headers: {}, pause, resume, cancel: pause }, []);
  return { source, sent: () => at, send };
}

const open = async (world: Layered, options: CallOptions = {}, changes: Changes = {}): Promise<Source> =>
  (await world.run(options, { ...streamed, resolve, ...changes })) as unknown as Source;

const reads = (stream: Source): { text: string; error?: unknown; done: Promise<void> } => {
  const state: { text: string; error?: unknown; done: Promise<void> } = { text: '', done: Promise.resolve() };
  state.done = (async () => {
    try {
      for await (const { choices } of stream) state.text += choices[0]?.delta.content ?? '';
    } catch (error) {
      state.error = error;
    }
  })();
  return state;
};

describe('whole answers', () => {
  it('one request answers all, each with an object of its own', async () => {
    const { answer, steps } = held();
    const { run, attempts, eventsOf } = layered([coalesce()], steps);
    const calls = [run(), run(), run()];
    await turns();
    expect(attempts).toHaveLength(1);
    answer();
    const results = await Promise.all(calls);
    expect(results).toEqual(Array(3).fill(replyOf('gpt-5-mini')));
    expect(new Set(results).size).toBe(3);
    expect(eventsOf('cache-hit')).toMatchObject([{ source: 'coalesced' }, { source: 'coalesced' }]);
  });

  it('only while it is under way', async () => {
    const { run, attempts } = layered([coalesce()], []);
    await run();
    await run();
    expect(attempts).toHaveLength(2);
  });

  it('tells followers who answered', async () => {
    const elsewhere = { provider: 'anthropic', model: 'other', baseURL: '' };
    const { run, eventsOf } = layered([coalesce(), (call, next) => next({ ...call, target: elsewhere })], []);
    await Promise.all([run(), run()]);
    expect(eventsOf('cache-hit')[0]?.target).toMatchObject({ provider: 'anthropic', model: 'other' });
  });

  it('a failure reaches everybody, each with an error of its own', async () => {
    const error = failure('rate_limit', {
      status: 429,
      retryAfterMs: 5,
      code: 'slow_down',
      requestID: 'req_1',
      details: { a: 1 },
    });
    const { run, attempts, events } = layered([coalesce()], [error]);
    const thrown = (await Promise.all([run(), run(), run()].map(rejectionOf))) as Record<string, unknown>[];
    expect(thrown[0]).toBe(error);
    expect(new Set(thrown).size).toBe(3);
    for (const own of thrown.slice(1)) {
      expect(own).toMatchObject({
        kind: 'rate_limit',
        status: 429,
        retryAfterMs: 5,
        code: 'slow_down',
        requestID: 'req_1',
        details: { a: 1 },
        attempts: [],
      });
      expect(own).toBeInstanceOf(error.constructor);
      expect(own.cause).toBe(error);
    }
    expect(attempts).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it('what is no error of ours reaches everybody as it is', async () => {
    const { run } = layered([coalesce()], [() => Promise.reject(new RangeError('a layer’s own'))]);
    const [one, other] = await Promise.all([rejectionOf(run()), rejectionOf(run())]);
    expect(one).toBe(other);
    expect(one).toBeInstanceOf(RangeError);
  });

  it('copies what can be copied, and shares what cannot', async () => {
    const result = { ...replyOf('m'), method: () => 1 };
    const { run } = layered([coalesce()], [result]);
    expect(await Promise.all([run(), run()])).toEqual([result, result]);
  });
});

describe('who shares with whom', () => {
  async function attemptsOf(options: CoalesceOptions, calls: readonly [CallOptions, Changes?][]): Promise<number> {
    const { run, attempts } = layered([coalesce(options)], []);
    await Promise.all(calls.map(([call, changes]) => run(call, { resolve, ...changes })));
    return attempts.length;
  }
  const ask = (content: string): Changes => ({ request: { messages: [{ role: 'user', content }] } });
  const h = (headers: CallOptions['headers']): [CallOptions] => [{ headers }];

  it.each<[string, CoalesceOptions, [CallOptions, Changes?][], number]>([
    [
      'other questions',
      {},
      [
        [{}, ask('a')],
        [{}, ask('b')],
      ],
      2,
    ],
    [
      'another operation',
      {},
      [
        [{}, ask('a')],
        [{}, { ...ask('a'), ...streamed }],
      ],
      2,
    ],
    ['another idempotency key', {}, [[{ idempotencyKey: 'a' }], [{ idempotencyKey: 'b' }]], 2],
    ['the same idempotency key', {}, [[{ idempotencyKey: 'a' }], [{ idempotencyKey: 'a' }]], 1],
    ['other headers', {}, [h({ 'x-tenant': 'a' }), h({ 'x-tenant': 'b' })], 2],
    ['the same headers in another form', {}, [h({ 'X-Tenant': 'a', b: 'c' }), h(new Headers({ b: 'c', 'x-tenant': 'a' }))], 1],
    ['other fallbacks', {}, [[{ fallbacks: ['openai/a'] }], [{}]], 2],
    ['other retries', {}, [[{ maxRetries: 0 }], [{}]], 2],
    ['another time limit', {}, [[{ timeout: 5 }], [{}]], 2],
    ['other notes of the caller', {}, [[{ metadata: { a: 1 }, correlationId: 'a' }], [{ metadata: { a: 2 } }]], 1],
    ['skip', {}, [[{ cache: 'skip' }], [{ cache: 'skip' }]], 2],
    ['refresh shares with refresh', {}, [[{ cache: 'refresh' }], [{ cache: 'refresh' }], [{}]], 2],
    ['when: never', { when: () => false }, [[{}], [{}]], 2],
    ['key: alone', { key: () => undefined }, [[{}], [{}]], 2],
    [
      'key: all questions are one',
      { key: () => 'one' },
      [
        [{}, ask('a')],
        [{}, ask('b')],
      ],
      1,
    ],
    [
      'lists of models',
      {},
      [
        [{}, { operation: 'models' as 'chat' }],
        [{}, { operation: 'models' as 'chat' }],
      ],
      2,
    ],
    [
      'two clients',
      {},
      [
        [{}, { resolve }],
        [{}, { resolve: (model) => resolve(model) }],
      ],
      2,
    ],
    [
      'what cannot be told',
      {},
      [
        [{}, { request: { messages: [new Map() as never] } }],
        [{}, { request: { messages: [new Map() as never] } }],
      ],
      2,
    ],
  ])('%s', async (_, options, calls, attempts) => expect(await attemptsOf(options, calls)).toBe(attempts));

  it.each<[CoalesceOptions, RegExp]>([
    [{ maxBytes: 0 }, /coalesce\.maxBytes: expected a whole number of bytes ≥ 1, got 0/],
    [{ maxPause: -1 }, /coalesce\.maxPause: expected a number of milliseconds ≥ 0, got -1/],
    [{ ttl: 3 } as CoalesceOptions, /coalesce\.ttl: unknown option/],
  ])('is refused when the layer is built: %o', (options, message) => expect(() => coalesce(options)).toThrow(message));
});

describe('leaving', () => {
  it('one abort leaves the others alone; the last one ends the shared call', async () => {
    const { run, attempts } = layered([coalesce()], [() => new Promise(() => {})]);
    const callers = Array.from({ length: 3 }, () => new AbortController());
    const calls = callers.map(({ signal }) => rejectionOf(run({ signal })));
    await turns();
    const shared = attempts[0]?.call.signal;
    for (const [i, caller] of callers.entries()) {
      expect(shared?.aborted).toBe(false);
      caller.abort(new Error(`gone ${i}`));
      expect(await calls[i]).toMatchObject({ kind: 'aborted', cause: caller.signal.reason });
      expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    }
    expect(shared?.aborted).toBe(true);
    expect(attempts).toHaveLength(1);
  });

  it('whoever comes after the last has left begins anew', async () => {
    const { answer, steps } = held();
    const { run, attempts } = layered([coalesce()], steps);
    const caller = new AbortController();
    const left = rejectionOf(run({ signal: caller.signal }));
    caller.abort();
    await left;
    const second = run();
    await turns();
    answer();
    answer();
    await second;
    expect(attempts).toHaveLength(2);
  });

  it('the first leaves, the others get the answer', async () => {
    const { answer, steps } = held();
    const { run } = layered([coalesce()], steps);
    const caller = new AbortController();
    const first = rejectionOf(run({ signal: caller.signal }));
    const second = run();
    await turns();
    caller.abort();
    expect(await first).toMatchObject({ kind: 'aborted' });
    answer();
    expect(await second).toEqual(replyOf('gpt-5-mini'));
  });

  it('an abort that came before is an abort', async () => {
    const { run } = layered([coalesce()], [() => new Promise(() => {})]);
    void run().catch(() => {});
    expect(await rejectionOf(run({ signal: AbortSignal.abort() }))).toMatchObject({ kind: 'aborted' });
  });

  it('no listener stays when the answer has come', async () => {
    const { run } = layered([coalesce()], []);
    const { signal } = new AbortController();
    await Promise.all([run({ signal }), run({ signal })]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('deadlines', () => {
  it('the shared call has the latest of all', async () => {
    const { answer, steps } = held();
    const { run, attempts, clock } = layered([coalesce()], steps);
    const now = clock.now();
    const calls = [5, 50, 20].map((deadline) => run({}, { deadline: now + deadline }));
    await turns();
    expect((attempts[0]?.call.deadline ?? 0) - now).toBe(50);
    answer();
    await Promise.all(calls);
  });

  it('who has time left when the first one’s has passed shares a new call', async () => {
    const deadline = failure('timeout', { phase: 'deadline' });
    const { answer, steps } = held();
    const { run, attempts, clock } = layered([coalesce()], steps);
    const now = clock.now();
    const first = rejectionOf(run({}, { deadline: now + 5 }));
    const others = [run({}, { deadline: now + 50 }), run({}, { deadline: now + 60 })];
    await clock.advance(5);
    answer(deadline);
    expect(await first).toBe(deadline);
    await turns();
    expect(attempts).toHaveLength(2);
    answer();
    expect(await Promise.all(others)).toHaveLength(2);
  });

  it('a reader of a shared stream stops at its own', async () => {
    const { source, say } = openSource();
    source.push([chunk('a')]);
    const world = layered([coalesce()], [source]);
    const now = world.clock.now();
    const [short, long] = await Promise.all([open(world, {}, { deadline: now + 10 }), open(world, {}, { deadline: now + 100 })]);
    const [one, other] = [reads(short), reads(long)];
    await world.clock.advance(10);
    await say('b');
    await one.done;
    expect(one).toMatchObject({ text: 'a', error: { kind: 'timeout', phase: 'deadline', partial: { content: 'a' } } });
    source.end();
    await other.done;
    expect(other.text).toBe('ab');
    expect(world.clock.pending).toBe(0);
  });
});

describe('streams', () => {
  it('everybody gets everything, late comers from the beginning, in objects of their own', async () => {
    const { source, say } = openSource();
    source.push([chunk('Kelp ')]);
    const world = layered([coalesce()], [source, openStream()]);
    const first = reads(await open(world));
    await say('holds ');
    const second = await open(world);
    const third = await open(world);
    await say('on');
    source.usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    source.end();
    const [a, b] = [[] as ChatChunk[], [] as ChatChunk[]];
    for await (const each of second) a.push(each);
    for await (const each of third) b.push(each);
    await first.done;
    expect(first.text).toBe('Kelp holds on');
    expect(a).toEqual(['Kelp ', 'holds ', 'on'].map(chunk));
    expect(b).toEqual(a);
    expect(b[0]).not.toBe(a[0]);
    expect(second.usage?.total_tokens).toBe(3);
    expect(world.attempts).toHaveLength(1);
    await open(world).then((stream) => stream.cancel());
    expect(world.attempts).toHaveLength(2);
  });

  it('who leaves, leaves alone; the last one closes the source', async () => {
    const { source, asked, say } = openSource();
    source.push([chunk('a')]);
    const world = layered([coalesce()], [source, openStream()]);
    const [one, other] = await Promise.all([open(world), open(world)]);
    for await (const _ of one) break;
    expect(asked).not.toContain('cancel');
    const reading = reads(other);
    await say('b');
    expect(reading.text).toBe('ab');
    other.cancel();
    await reading.done;
    expect(asked).toContain('cancel');
    await open(world);
    expect(world.attempts).toHaveLength(2);
  });

  it('that was read already is a failure of the layer that gave it', async () => {
    const read = openStream();
    read[Symbol.asyncIterator]();
    const world = layered([coalesce()], [read]);
    const errors = await Promise.all([rejectionOf(open(world)), rejectionOf(open(world))]);
    expect(errors).toMatchObject(Array(2).fill({ kind: 'configuration', code: 'stream_consumed' }));
  });

  it('of more than data breaks for everybody, and is closed', async () => {
    const { source, asked } = openSource();
    source.push([chunk('a'), { ...chunk('b'), extra: 1n } as unknown as ChatChunk]);
    const world = layered([coalesce()], [source]);
    const readers = (await Promise.all([open(world), open(world)])).map(reads);
    await Promise.all(readers.map(({ done }) => done));
    for (const { text, error } of readers) {
      expect(text).toBe('a');
      expect(error).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'ab' } });
    }
    expect(asked).toEqual(['cancel']);
  });

  it('a break reaches everybody after what had come, each with an error of its own', async () => {
    const { source, say } = openSource();
    source.push([chunk('a')]);
    const world = layered([coalesce()], [source]);
    const streams = await Promise.all([open(world), open(world), open(world)]);
    const readers = streams.slice(0, 2).map(reads);
    const settled: unknown[] = [];
    streams[2]?.onSettled((settlement) => settled.push(settlement));
    await say('b');
    const partial = { content: 'ab', reasoning_content: '', tool_calls: [], chunks: 2 };
    const error = failure('stream_interrupted', { partial });
    source.fail(error);
    await Promise.all(readers.map(({ done }) => done));
    for (const reader of readers) expect(reader).toMatchObject({ text: 'ab', error: { kind: 'stream_interrupted', partial } });
    expect(readers[0]?.error).toBe(error);
    expect(readers[1]?.error).not.toBe(error);
    expect(settled).toMatchObject([{ kind: 'stream_interrupted' }]);
  });

  it('is read as fast as the fastest reads, and no faster', async () => {
    const words = Array.from({ length: 4000 }, (_, i) => `${i} `);
    const { source, sent, send } = sender(words);
    const world = layered([coalesce()], [source]);
    const [one, other] = await Promise.all([open(world), open(world)]);
    send();
    await turns(200);
    expect(sent()).toBeLessThan(1100);
    const fast = reads(one);
    await fast.done;
    expect(sent()).toBe(4000);
    const slow = reads(other);
    await slow.done;
    expect(slow.text).toBe(words.join(''));
    expect(fast.text).toBe(slow.text);
  });

  it('late comers begin a call of their own when the beginning is no longer kept', async () => {
    const { source, say } = openSource();
    source.push([chunk('a'.repeat(200))]);
    const world = layered([coalesce({ maxBytes: 500 })], [source, openStream()]);
    const first = reads(await open(world));
    await say('b', 'c');
    await open(world);
    expect(world.attempts).toHaveLength(1);
    await say('d'.repeat(200), 'e');
    await open(world);
    expect(world.attempts).toHaveLength(2);
    source.end();
    await first.done;
    expect(first.text).toHaveLength(403);
  });

  it('waits for the slowest for maxPause, then goes on without it', async () => {
    const words = Array.from({ length: 3000 }, (_, i) => `${i} `);
    const { source, sent, send } = sender(words);
    const world = layered([coalesce({ maxBytes: 4000, maxPause: 700 })], [source]);
    const [one, other] = await Promise.all([open(world), open(world)]);
    const fast = reads(one);
    send();
    await turns(200);
    const stopped = sent();
    expect(stopped).toBeLessThan(2000);
    await world.clock.advance(699);
    expect(sent()).toBe(stopped);
    await world.clock.advance(1);
    await fast.done;
    expect(fast.text).toBe(words.join(''));
    const slow = reads(other);
    await slow.done;
    expect(slow.error).toMatchObject({ kind: 'stream_interrupted', code: 'slow_reader', retryable: false });
    const { partial } = slow.error as { partial: { content: string } };
    expect(words.join('').startsWith(partial.content)).toBe(true);
    expect(partial.content.startsWith(slow.text)).toBe(true);
    expect(slow.text.length).toBeLessThan(partial.content.length);
    expect(world.clock.pending).toBe(0);
  });

  it('goes on when the slowest catches up in time', async () => {
    const words = Array.from({ length: 3000 }, (_, i) => `${i} `);
    const { source, send } = sender(words);
    const world = layered([coalesce({ maxBytes: 4000 })], [source]);
    const [one, other] = await Promise.all([open(world), open(world)]);
    const fast = reads(one);
    send();
    await turns(200);
    expect(world.clock.pending).toBe(1);
    const slow = reads(other);
    await Promise.all([fast.done, slow.done]);
    expect(fast).toMatchObject({ text: words.join('') });
    expect(slow).toMatchObject({ text: words.join('') });
    expect(world.clock.pending).toBe(0);
  });

  it('any readers, at any pace, get the same', async () => {
    const words = fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { minLength: 1, maxLength: 60 });
    const paces = fc.array(fc.record({ after: fc.nat(5), pause: fc.nat(3), leaves: fc.option(fc.nat(30)) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(words, paces, async (said, readers) => {
        const { source } = openSource();
        source.push([chunk(said[0] ?? '')]);
        const world = layered([coalesce()], [source, () => openSource().source]);
        const read = async ({ after, pause, leaves }: { after: number; pause: number; leaves: number | null }) => {
          await turns(after);
          const stream = await open(world);
          if (world.attempts.length > 1) return; // it came too late, the call is another's
          let count = 0;
          for await (const { choices } of stream) {
            expect(choices[0]?.delta.content).toBe(said[count]);
            if (++count === leaves) return;
            await turns(pause);
          }
          expect(count).toBe(said.length);
        };
        const reading = Promise.all([read({ after: 0, pause: 0, leaves: null }), ...readers.map(read)]);
        for (const word of said.slice(1)) {
          source.push([chunk(word)]);
          await turns(1);
        }
        source.end();
        await reading;
      }),
      { numRuns: 40 },
    );
  });
});
