import { expect, vi } from 'vitest';
import type { StreamInterruptedError, TimeoutError } from '../../../src/index.ts';
import type { Fault } from '../../../src/testing/index.ts';
import { fault } from '../../../src/testing/index.ts';
import { messages } from './answers.ts';
import type { Bench, Each } from './bench.ts';
import { failureOf, read, typed } from './reading.ts';

const WORDS = 'word1 word2 word3';
const SOON = 250;

/** Reads a stream that breaks after its first three words. */
async function breaks(
  { llm, model, enqueue }: Pick<Bench, 'llm' | 'model' | 'enqueue'>,
  broken: Fault,
): Promise<StreamInterruptedError> {
  enqueue(broken);
  const { content, error } = await read(await llm.chat.completions.create({ model, messages, stream: true }));
  const failure = typed(error) as StreamInterruptedError;
  expect(failure.partial.content).toBe(content);
  return failure;
}

export function brokenConform(each: Each): void {
  const eachStreaming: Each = (name, test) => each(name, test, ({ streams }) => streams !== false);
  const bothWays = async ({ llm, model, enqueue }: Bench, broken: Fault, kind: string): Promise<void> => {
    for (const stream of [false, true]) {
      enqueue(broken);
      const error = await failureOf(llm.chat.completions.create({ model, messages, stream }));
      expect({ stream, kind: error.kind, message: error.message }).toMatchObject({ stream, kind });
      expect(error.attempts).toMatchObject([{ outcome: kind }]);
    }
  };

  each('a cut before content is a failed connection', (bench) => bothWays(bench, fault.cutAfter(0), 'connection'));
  each('a reset before the headers is a failed connection', (bench) => bothWays(bench, fault.resetBeforeHeaders(), 'connection'));
  each('a reset after the headers is a failed connection', (bench) => bothWays(bench, fault.resetAfterHeaders(), 'connection'));
  each('a refused connection is a failed connection', (bench) => bothWays(bench, fault.refused(), 'connection'));
  each('an empty answer is a failed connection', (bench) => bothWays(bench, fault.empty(), 'connection'));
  each('a web page is no answer', (bench) => bothWays(bench, fault.html(), 'response_validation'));
  each('garbage is no answer', (bench) => bothWays(bench, fault.garbage(), 'response_validation'));

  eachStreaming('a cut after content is an interruption with what had come', async (bench) => {
    const error = await breaks(bench, fault.cutAfter(3));
    expect(error).toMatchObject({ kind: 'stream_interrupted', retryable: false, partial: { content: WORDS } });
    expect(error.partial.chunks).toBeGreaterThanOrEqual(3);
    expect(error.attempts).toMatchObject([{ number: 1, outcome: 'stream_interrupted' }]);
  });

  eachStreaming('an end without the terminal sign is an interruption', async (bench) => {
    const error = await breaks(bench, fault.noTerminal());
    expect(error).toMatchObject({ kind: 'stream_interrupted', partial: { content: expect.stringMatching(/word8$/) } });
  });

  each('silence before content is a timeout', async ({ hasty, model, enqueue }) => {
    const llm = hasty({ firstToken: SOON });
    enqueue(fault.stall(0));
    const error = (await failureOf(llm.chat.completions.create({ model, messages, stream: true }))) as TimeoutError;
    expect(error).toMatchObject({ kind: 'timeout', phase: 'first_token', retryable: true });
  });

  eachStreaming('silence after content is a timeout with what had come', async ({ hasty, model, enqueue }) => {
    const error = await breaks({ llm: hasty({ idle: SOON }), model, enqueue }, fault.stall(3));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'idle', partial: { content: WORDS } });
  });

  each('a whole answer that does not come is a timeout', async ({ hasty, model, enqueue }) => {
    enqueue(fault.stall());
    const error = await failureOf(hasty({ attempt: SOON }).chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'attempt' });
  });

  each('a slow answer is an answer', async ({ llm, model, enqueue }) => {
    enqueue(fault.drip(2), fault.drip(2), fault.slowFirstToken(20));
    expect((await llm.chat.completions.create({ model, messages })).choices[0]?.message.content).toMatch(/^word1/);
    for (let i = 0; i < 2; i++) {
      const { content, error } = await read(await llm.chat.completions.create({ model, messages, stream: true }));
      expect({ content, error }).toMatchObject({ content: expect.stringMatching(/word8$/), error: undefined });
    }
  });

  each('an abort before the call sends nothing', async ({ llm, model, received }) => {
    for (const stream of [false, true]) {
      const error = await failureOf(
        llm.chat.completions.create({ model, messages, stream }, { signal: AbortSignal.abort('no') }),
      );
      expect(error).toMatchObject({ kind: 'aborted', cause: 'no' });
    }
    expect(received()).toEqual([]);
  });

  each('an abort during the call closes the socket', async ({ client, model, enqueue, settings, sockets, received }) => {
    for (const stream of [false, true]) {
      const llm = client();
      const before = new Set(sockets.at(settings.baseURL));
      const calls = received().length;
      enqueue(fault.stall(0));
      const aborter = new AbortController();
      const failed = failureOf(llm.chat.completions.create({ model, messages, stream }, { signal: aborter.signal }));
      await vi.waitFor(() => expect(received().length).toBeGreaterThan(calls));
      aborter.abort();
      expect(await failed).toMatchObject({ kind: 'aborted' });
      await vi.waitFor(() => expect(sockets.at(settings.baseURL).filter((socket) => !before.has(socket))).toEqual([]));
    }
  });

  eachStreaming('leaving a stream closes the socket, without an error', async ({ client, model, enqueue, settings, sockets }) => {
    const ways = ['break', 'signal'] as const;
    for (const way of ways) {
      const llm = client();
      const before = new Set(sockets.at(settings.baseURL));
      const aborter = new AbortController();
      enqueue(fault.stall(3));
      const stream = await llm.chat.completions.create({ model, messages, stream: true }, { signal: aborter.signal });
      let content = '';
      for await (const chunk of stream) {
        content += chunk.choices[0]?.delta.content ?? '';
        if (content !== WORDS) continue;
        if (way === 'break') break;
        aborter.abort();
      }
      expect(content).toBe(WORDS);
      await vi.waitFor(() => expect(sockets.at(settings.baseURL).filter((socket) => !before.has(socket))).toEqual([]));
    }
  });
}
