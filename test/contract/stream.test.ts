import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ChunkStream, whenSettled } from '../../src/contract/stream.ts';
import { errorOf } from '../../src/errors/catalogue.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';

const source = () => ({ status: 200, headers: {}, pause: vi.fn(), resume: vi.fn(), cancel: vi.fn() });
const cut = errorOf('stream_interrupted', { message: 'cut' });

async function collect<C>(stream: ChunkStream<C>): Promise<C[]> {
  const seen: C[] = [];
  for await (const chunk of stream) seen.push(chunk);
  return seen;
}

describe('ChunkStream', () => {
  it('delivers every chunk once and in order, however batches and reads interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(), { maxLength: 5 }), { maxLength: 20 }),
        fc.array(fc.boolean()),
        async (batches, turns) => {
          const stream = new ChunkStream<number>(source(), []);
          const reading = collect(stream);
          for (const [i, batch] of batches.entries()) {
            stream.push([...batch]);
            if (turns[i]) await Promise.resolve();
          }
          stream.end();
          expect(await reading).toEqual(batches.flat());
        },
      ),
    );
  });

  it('gives what had arrived before the error', async () => {
    const stream = new ChunkStream(source(), [1, 2]);
    stream.push([3]);
    stream.fail(cut);
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const n of stream) seen.push(n);
      })(),
    ).rejects.toBe(cut);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('pauses the source when the reader lags and resumes it when he has caught up', async () => {
    const from = source();
    const stream = new ChunkStream<number>(from, []);
    stream.push(Array.from({ length: 2000 }, (_, i) => i));
    expect(from.pause).toHaveBeenCalledOnce();
    const iterator = stream[Symbol.asyncIterator]();
    for (let i = 0; i < 2000; i++) await iterator.next();
    expect(from.resume).toHaveBeenCalledOnce();
  });

  it('cancels the source when the loop is left', async () => {
    const from = source();
    const stream = new ChunkStream(from, [1, 2]);
    for await (const _ of stream) break;
    expect(from.cancel).toHaveBeenCalledOnce();
  });

  it('can be read once', async () => {
    const stream = new ChunkStream(source(), [1]);
    stream.end();
    await collect(stream);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(ConfigurationError);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(/consumed stream/);
  });

  it('ends silently when it is cancelled while somebody waits', async () => {
    const stream = new ChunkStream<number>(source(), []);
    const reading = collect(stream);
    stream.cancel();
    expect(await reading).toEqual([]);
  });
});

describe('whenSettled', () => {
  it('is at once for whole replies, at the end for streams, once', () => {
    const heard: unknown[] = [];
    whenSettled({ id: 'whole' }, (s) => heard.push(s));
    const stream = new ChunkStream(source(), [1]);
    whenSettled(stream, (s) => heard.push(s));
    expect(heard).toEqual(['success']);
    stream.fail(cut);
    stream.end();
    stream.cancel();
    expect(heard).toEqual(['success', cut]);
    whenSettled(stream, (s) => heard.push(s));
    expect(heard).toEqual(['success', cut, cut]);
  });
});
