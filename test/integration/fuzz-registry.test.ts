import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ChatParamsNonStreaming, LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { CannedTransport } from '../support/canned-transport.ts';
import { damaged, hostileValue, jsonOf, oddHeaders, oddStatus, reads } from '../support/fuzz/hostile.ts';
import { expectChunk, expectReply, expectTyped } from '../support/fuzz/shapes.ts';
import { settingsAt } from '../support/provider-settings.ts';
import { encode } from '../support/transcripts/transcripts.ts';

/** What `fuzz.test.ts` does to each wire format in depth, done to every provider: its own quirks, credentials and steps. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
const ADDRESS = 'http://x.invalid';
const DEADLINE = 150;

const transport = new CannedTransport();
const clients: LLMClient[] = [];
afterAll(() => Promise.all(clients.map((llm) => llm.close())));

const answer = fc
  .tuple(
    reads(
      damaged(
        fc
          .oneof(hostileValue, fc.jsonValue({ maxDepth: 3 }))
          .map(jsonOf)
          .map(encode),
      ),
    ),
    fc.oneof(oddStatus, fc.constant(200)),
    oddHeaders,
    fc.constantFrom(
      'application/json',
      'text/event-stream',
      'application/x-ndjson',
      'application/vnd.amazon.eventstream',
      'text/html',
    ),
    fc.constantFrom<'end' | 'fail'>('end', 'fail'),
  )
  .map(([parts, status, headers, type, ending]) => ({
    reads: parts,
    status,
    headers: { ...headers, 'content-type': type },
    ending,
  }));

async function typedOr(check: (work: unknown) => void, work: Promise<unknown>): Promise<void> {
  let result: unknown;
  try {
    result = await work;
  } catch (error) {
    expectTyped(error);
    return;
  }
  check(result);
}

describe.each(Object.keys(PROVIDERS))('%s', (id) => {
  const llm = createClient({
    transport,
    use: [],
    deadline: DEADLINE,
    providers: { [id]: settingsAt(id, ADDRESS, `${ADDRESS}/token`) },
  });
  clients.push(llm);
  const params: ChatParamsNonStreaming = { model: `${id}/m`, messages: [{ role: 'user', content: 'Hi' }] };

  it('answers with a reply, chunks or a typed error, in time, whatever the service sends', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        transport.answer = given;
        await typedOr(expectReply, llm.chat.completions.create(params));
        const read = async (): Promise<unknown[]> => {
          const chunks: unknown[] = [];
          for await (const chunk of await llm.chat.completions.create({ ...params, stream: true })) chunks.push(chunk);
          return chunks;
        };
        await typedOr((chunks) => {
          for (const chunk of chunks as unknown[]) expectChunk(chunk);
        }, read());
        await typedOr((reply) => expect(reply).toHaveProperty('data'), llm.embeddings.create({ model: `${id}/m`, input: 'Hi' }));
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
    );
  });
});
