import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call, CallOptions } from '../../src/contract/call.ts';
import type { ChatChunk, ChatDelta } from '../../src/contract/chat.ts';
import type { Settlement } from '../../src/contract/stream.ts';
import { ChunkStream } from '../../src/contract/stream.ts';
import type { LLMError } from '../../src/errors/catalogue.ts';
import { pool } from '../../src/middleware/fallback/pool.ts';
import type { FallbackList, FallbackOptions } from '../../src/middleware/fallback.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import type { Changes, Layered, Step } from '../support/layered.ts';
import { failure, layered, targetOf } from '../support/layered.ts';

const PRIMARY = 'openai/gpt-5-mini';
const SECOND = 'anthropic/claude-sonnet-4-5';

type Stream = ChunkStream<ChatChunk>;

const chunkOf = (delta: ChatDelta, more: object = {}, extra: object = {}): ChatChunk => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
  ...extra,
});
const text = (content: string): ChatChunk => chunkOf({ content });
const finish = chunkOf({}, { finish_reason: 'stop' });
const broken = (): LLMError => failure('stream_interrupted');

/** A stream at a wire that the test holds in its hand. */
interface Hand {
  readonly stream: Stream;
  readonly told: string[];
}

function hand(...first: ChatChunk[]): Hand {
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const source = {
    status: 200,
    headers: {},
    pause: tell('pause'),
    resume: tell('resume'),
    cancel: tell('cancel'),
    read: tell('read'),
  };
  return { stream: new ChunkStream<ChatChunk>(source, first), told };
}

const opened = (rig: Layered, options: CallOptions = {}, changes: Changes = {}): Promise<Stream> =>
  rig.run(options, { operation: 'stream' as never, ...changes }) as unknown as Promise<Stream>;

const rigOf = (
  script: Readonly<Record<string, readonly Step[]>> | readonly Step[],
  list: FallbackList = [SECOND],
  options: FallbackOptions = {},
): Layered => layered([fallback(list, { resume: true, ...options })], script);

/** Lets everything that needs no timer happen. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function read(
  stream: AsyncIterable<ChatChunk>,
): Promise<{ readonly chunks: ChatChunk[]; readonly text: string; readonly error?: unknown }> {
  const chunks: ChatChunk[] = [];
  const result = () => ({ chunks, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('') });
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    return { ...result(), error };
  }
  return result();
}

describe('a stream that may be resumed', () => {
  it('is one of its own; where it cannot be, it is the very stream of the wire', async () => {
    const inner = hand(text('a'));
    expect(await opened(rigOf([inner.stream]))).not.toBe(inner.stream);
    for (const request of [
      { n: 2 },
      { logprobs: true },
      { response_format: { type: 'json_object' } },
      { modalities: ['audio'] },
    ]) {
      const inner = hand(text('a'));
      expect(await opened(rigOf([inner.stream]), {}, { request: { messages: [], ...request } as never })).toBe(inner.stream);
    }
    for (const request of [
      { n: 1 },
      { n: null },
      { response_format: { type: 'text' } },
      { logprobs: false },
      { modalities: ['text'] },
    ]) {
      const inner = hand(text('a'));
      expect(await opened(rigOf([inner.stream]), {}, { request: { messages: [], ...request } as never })).not.toBe(inner.stream);
    }
    const whole = rigOf([]);
    expect(await whole.run()).toMatchObject({ object: 'chat.completion' });
    const off = hand(text('a'));
    expect(await opened(layered([fallback([SECOND])], [off.stream]))).toBe(off.stream);
  });

  it('hands on what comes, as it comes, and settles with the wire', async () => {
    const { stream: inner, told } = hand(text('a'));
    const outer = await opened(rigOf([inner]));
    const ends: Settlement[] = [];
    outer.onSettled((end) => ends.push(end));
    const reading = read(outer);
    inner.push([text('b'), text('c')]);
    inner.push([finish]);
    inner.usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    expect(ends).toEqual([]);
    inner.end();
    expect(ends).toEqual(['success']);
    expect((await reading).text).toBe('abc');
    expect(outer.usage).toEqual(inner.usage);
    expect(told).toEqual(['read']);
  });

  it('tells what was written so far', async () => {
    const { stream: inner } = hand(text('a'));
    const outer = await opened(rigOf([inner]));
    inner.push([text('b')]);
    expect(outer.source.written?.()).toMatchObject({ content: 'ab', chunks: 2 });
  });
});

describe('a break', () => {
  async function mended(first: Hand, second: Hand, request?: object) {
    const rig = rigOf({ [PRIMARY]: [first.stream], [SECOND]: [second.stream] });
    const outer = await opened(rig, {}, request === undefined ? {} : { request: request as never });
    first.stream.fail(broken());
    await settled();
    return { outer, rig };
  }

  it('is told to the layers within, the true end to those around', async () => {
    const [first, second] = [hand(text('a')), hand(text('b'))];
    const within: Settlement[] = [];
    first.stream.onSettled((end) => within.push(end));
    const { outer } = await mended(first, second);
    const around: Settlement[] = [];
    outer.onSettled((end) => around.push(end));
    expect(within).toMatchObject([{ kind: 'stream_interrupted' }]);
    expect(around).toEqual([]);
    second.stream.push([finish]);
    second.stream.end();
    expect(around).toEqual(['success']);
    expect((await read(outer)).text).toBe('ab');
  });

  it('sums token counts, details too', async () => {
    const [first, second] = [hand(text('a')), hand(text('b'))];
    const details = (cached_tokens: number) => ({ prompt_tokens_details: { cached_tokens } });
    first.stream.push([
      chunkOf({ content: '' }, {}, { usage: { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8, ...details(4) } }),
    ]);
    first.stream.usage = { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8, ...details(4) };
    const { outer } = await mended(first, second, { messages: [], stream_options: { include_usage: true } });
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, ...details(5) };
    second.stream.push([finish, { ...chunkOf({}), choices: [], usage }]);
    second.stream.usage = usage;
    second.stream.end();
    const sum = { prompt_tokens: 16, completion_tokens: 3, total_tokens: 19, ...details(9) };
    const { chunks } = await read(outer);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: sum });
    expect(outer.usage).toEqual(sum);
  });

  it('keeps the reader’s pace: pauses and resumes go to the part that is running', async () => {
    const [first, second] = [hand(text('a')), hand(text('b'))];
    const rig = rigOf({ [PRIMARY]: [first.stream], [SECOND]: [second.stream] });
    const outer = await opened(rig);
    first.stream.push(Array.from({ length: 1_100 }, () => text('.')));
    expect(first.told).toEqual(['pause']);
    first.stream.fail(broken());
    await settled();
    expect(second.told, 'the reader has not caught up').toEqual(['read', 'pause']);
    const reader = outer[Symbol.asyncIterator]();
    for (let i = 0; i < 1_103; i++) void reader.next();
    await settled();
    expect(second.told).toEqual(['read', 'pause', 'resume']);
    expect(first.told).toEqual(['pause', 'read']);
  });

  it('whoever leaves then leaves the part that is running', async () => {
    const [first, second] = [hand(text('a')), hand(text('b'))];
    const { outer } = await mended(first, second);
    outer.cancel();
    expect([first.told, second.told], 'the bytes of a later part are nobody’s').toEqual([[], ['read', 'cancel']]);
  });

  it('after the reader has left, what still opens is closed and nothing else asked', async () => {
    const [first, late] = [hand(text('a')), hand(text('b'))];
    let open: (stream: Stream) => void = () => {};
    const rig = rigOf({ [PRIMARY]: [first.stream], [SECOND]: [() => new Promise((resolve) => (open = resolve))] });
    const outer = await opened(rig);
    first.stream.fail(broken());
    await settled();
    outer.cancel();
    open(late.stream);
    await settled();
    expect(late.told).toEqual(['cancel']);
    expect(rig.eventsOf('resumed')).toEqual([]);
    expect(rig.targets()).toEqual([PRIMARY, SECOND]);
  });

  it('a member of a pool that was taken for it is given back when the reader leaves', async () => {
    const first = hand(text('a'));
    const members = pool(['azure/a', 'openrouter/b']);
    const rig = rigOf([first.stream], []);
    const outer = await opened(rig, {}, { target: { provider: 'fast', model: '', baseURL: '', pool: members } });
    expect(members.snapshot().map(({ inFlight }) => inFlight)).toEqual([1, 0]);
    first.stream.fail(broken());
    outer.cancel();
    await settled();
    expect(members.snapshot().map(({ inFlight }) => inFlight)).toEqual([0, 0]);
    expect(rig.targets()).toEqual(['azure/a']);
  });

  it('before anybody reads is mended all the same', async () => {
    const [first, second] = [hand(text('a')), hand(text('b'), finish)];
    first.stream.fail(broken());
    second.stream.end();
    const outer = await opened(rigOf({ [PRIMARY]: [first.stream], [SECOND]: [second.stream] }));
    await settled();
    expect((await read(outer)).text).toBe('ab');
  });

  it('with tools in the request: a call that the continuation opens is handed on, and then nothing is mended any more', async () => {
    const call = { tool_calls: [{ index: 0, id: 't', function: { name: 'look', arguments: '{' } }] };
    const [first, second] = [hand(text('I look')), hand(chunkOf({ content: ' it up', ...call } as ChatDelta))];
    const { outer, rig } = await mended(first, second, {
      messages: [],
      tools: [{ type: 'function', function: { name: 'look' } }],
    });
    second.stream.fail(broken());
    await settled();
    const { chunks, text: got, error } = await read(outer);
    expect(got).toBe('I look it up');
    expect(chunks.at(-1)?.choices[0]?.delta).toMatchObject(call);
    expect(error).toMatchObject({ partial: { content: 'I look it up', tool_calls: [{ name: 'look', arguments: '{' }] } });
    expect(rig.targets()).toEqual([PRIMARY, SECOND]);
  });

  it.each<[string, ChatChunk]>([
    ['its end', finish],
    ['a refusal', chunkOf({ refusal: 'I will not' })],
    ['a tool call', chunkOf({ tool_calls: [{ index: 0, function: { arguments: '' } }] })],
    ['an old function call', chunkOf({ function_call: { name: 'f' } })],
    ['audio', chunkOf({ audio: { id: 'a' } } as ChatDelta)],
    ['log probabilities', chunkOf({ content: 'b' }, { logprobs: { content: [], refusal: null } })],
    ['another choice', chunkOf({ content: 'b' }, { index: 1 })],
  ])('after %s is left as it is', async (_, chunk) => {
    const first = hand(text('a'), chunk);
    const rig = rigOf({ [PRIMARY]: [first.stream] });
    const outer = await opened(rig);
    first.stream.fail(broken());
    await settled();
    expect((await read(outer)).error).toMatchObject({ kind: 'stream_interrupted' });
    expect(rig.targets()).toEqual([PRIMARY]);
  });

  it.each([
    'content_policy_violation',
    'context_window_exceeded',
    'bad_request',
    'authentication',
    'aborted',
    'insufficient_credits',
  ] as const)('by %s is left as it is', async (kind) => {
    const first = hand(text('a'));
    const rig = rigOf({ [PRIMARY]: [first.stream] });
    const outer = await opened(rig);
    first.stream.fail(failure(kind));
    await settled();
    expect((await read(outer)).error).toMatchObject({ kind, partial: { content: 'a' } });
    expect(rig.targets()).toEqual([PRIMARY]);
  });

  it.each([
    failure('connection'),
    failure('rate_limit'),
    failure('internal_server'),
    failure('service_unavailable'),
    failure('timeout', { phase: 'idle' }),
    failure('timeout', { phase: 'attempt' }),
  ])('by $kind $phase is mended', async (error) => {
    const [first, second] = [hand(text('a')), hand(text('b'), finish)];
    second.stream.end();
    const outer = await opened(rigOf({ [PRIMARY]: [first.stream], [SECOND]: [second.stream] }));
    first.stream.fail(error);
    await settled();
    expect((await read(outer)).text).toBe('ab');
  });
});

describe('the end of the call', () => {
  it('a deadline that has passed asks nobody else', async () => {
    const first = hand(text('a'));
    const rig = rigOf({ [PRIMARY]: [first.stream] });
    const outer = await opened(rig, {}, { deadline: rig.clock.now() + 100 });
    await rig.clock.advance(100);
    first.stream.fail(broken());
    await settled();
    expect((await read(outer)).error).toMatchObject({ kind: 'timeout', phase: 'deadline', partial: { content: 'a' } });
    expect(rig.targets()).toEqual([PRIMARY]);
  });

  it('no attempts left: the error of the break', async () => {
    const first = hand(text('a'));
    const rig = rigOf({ [PRIMARY]: [first.stream] });
    const outer = await opened(rig, {}, { maxAttempts: 1 });
    const error = broken();
    first.stream.fail(error);
    await settled();
    expect((await read(outer)).error).toBe(error);
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'attempts' }]);
  });
});

describe('what is asked', () => {
  const askedOf = async (changes: Changes, written = 'one two ') => {
    const [first, second] = [hand(text(written)), hand(text('x'))];
    const rig = rigOf({ [PRIMARY]: [first.stream], [SECOND]: [second.stream] });
    await opened(rig, {}, changes);
    first.stream.fail(broken());
    await settled();
    return rig.attempts[1]?.call as unknown as Call<'stream'>;
  };

  it('goes on as the target says that it can', async () => {
    const prefill = async () => ({ message: { partial: true }, request: { go_on: true } });
    const { request } = await askedOf({ prefill });
    expect(request).toEqual({
      go_on: true,
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'one two', partial: true },
      ],
    });
    const { request: inWords } = await askedOf({ prefill: () => undefined });
    expect(inWords.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('nothing shown yet: the same as before', async () => {
    const { request } = await askedOf({}, ' \n');
    expect(request.messages).toEqual([{ role: 'user', content: 'Hi' }]);
  });

  it('with what the chain says of its target', async () => {
    const [first, second] = [hand(text('a')), hand(text('b'))];
    const rig = rigOf({ [PRIMARY]: [first.stream], [SECOND]: [second.stream] }, [{ model: SECOND, params: { temperature: 0 } }]);
    await opened(rig);
    first.stream.fail(broken());
    await settled();
    expect(rig.attempts[1]?.call.request).toMatchObject({ temperature: 0, messages: [{}, { content: 'a' }, {}] });
    expect(rig.eventsOf('resumed')).toMatchObject([{ from: targetOf(PRIMARY), to: targetOf(SECOND), characters: 1, overlap: 0 }]);
  });
});

describe('for any text, cut anywhere, in any pieces', () => {
  const word = fc.shuffledSubarray([...'abcdefghijklmnop'], { minLength: 3, maxLength: 7 }).map((letters) => letters.join(''));
  const texts = fc.array(word, { minLength: 2, maxLength: 30 }).map((words) => words.map((word, i) => word + i).join(' '));

  /** The text from a place on, in chunks and batches as the numbers say; broken off after some, or whole with its end. */
  function play({ stream }: Hand, part: string, sizes: readonly number[]): void {
    let at = 0;
    for (let i = 0; at < part.length; i++) {
      const size = Math.max(1, (sizes[i % sizes.length] ?? 1) % 9);
      const batch = [text(part.slice(at, at + size)), text(part.slice(at + size, at + 2 * size))];
      stream.push(batch.filter(({ choices }) => choices[0]?.delta.content !== ''));
      at += 2 * size;
    }
  }

  it('the reader gets the text once, nothing lost, whatever each part repeats', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.record({ cut: fc.nat(), back: fc.nat() }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(20), { minLength: 1, maxLength: 8 }),
        async (whole, breaks, sizes) => {
          const hands = [hand(), ...breaks.map(() => hand())];
          const rig = rigOf(
            hands.map(({ stream }) => stream),
            [SECOND, 'gemini/a', 'ollama/b', 'azure/c'],
          );
          const outer = await opened(rig);
          const reading = read(outer);
          let written = '';
          let from = 0;
          for (const [i, { cut, back }] of breaks.entries()) {
            const end = Math.max(written.length, Math.min(whole.length, written.length + 2 + (cut % whole.length)));
            const current = hands[i] as Hand;
            play(current, whole.slice(from, end), sizes);
            written = (outer.source.written?.().content ?? '') as string;
            expect(whole.startsWith(written)).toBe(true);
            current.stream.fail(broken());
            await settled();
            const starts = [...written.matchAll(/(?<=^|\s)\w/g)].map(({ index }) => index);
            from = back % 3 === 0 ? written.trimEnd().length : (starts[back % starts.length] ?? 0);
          }
          const last = hands[breaks.length] as Hand;
          play(last, whole.slice(from), sizes);
          last.stream.push([finish]);
          last.stream.end();
          const { text: got, chunks, error } = await reading;
          expect(error).toBeUndefined();
          expect(got).toBe(whole);
          expect(chunks.filter(({ choices }) => choices[0]?.finish_reason === 'stop')).toHaveLength(1);
          expect(chunks.every(({ choices: [choice] }) => choice?.finish_reason || choice?.delta.content)).toBe(true);
        },
      ),
      { numRuns: 120 },
    );
  });
});
