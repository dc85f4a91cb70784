import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openaiOperations } from '../../src/dialects/openai/openai-dialect.ts';
import type { LLMClient, ProviderDefinition } from '../../src/index.ts';
import { createClient, isLLMError, timeout } from '../../src/index.ts';
import type { Canned } from '../support/canned-transport.ts';
import { CannedTransport } from '../support/canned-transport.ts';
import { rejection } from '../support/client.ts';
import { damaged, hostileValue, jsonOf, mutated, oddHeaders, oddStatus, reads } from '../support/fuzz/hostile.ts';
import { expectChunk, expectReply, expectTyped } from '../support/fuzz/shapes.ts';
import type { Transcript } from '../support/transcripts/transcripts.ts';
import { DIALECTS, encode, settingsFor, TRANSCRIPTS, WHOLE_ANSWERS } from '../support/transcripts/transcripts.ts';
import { tcpServer } from '../wire/loopback.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
const SETTLES_WITHIN = 5000;

const messages = [{ role: 'user' as const, content: 'Hi' }];
const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } }];

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};
beforeAll(() => {
  process.on('unhandledRejection', onUnhandled);
});
afterAll(() => {
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

const clientOn = (transport: CannedTransport): LLMClient =>
  createClient({ transport, use: [], deadline: SETTLES_WITHIN, providers: settingsFor('http://x.invalid/v1') });

/** Fails when a promise does not settle in time. */
async function settled<T>(promise: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the call hangs')), 2 * SETTLES_WITHIN);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The bytes of a stream: events of a good one, some of them changed, left out, doubled, moved or replaced. */
function streamBytes({ frames, contentType }: Transcript): fc.Arbitrary<Uint8Array> {
  const isText = !contentType.includes('amazon.eventstream');
  const given = fc.constantFrom(...frames);
  const noise = fc.constantFrom(...NOISE).map(encode);
  const event = given.chain((frame) => {
    const text = new TextDecoder().decode(frame);
    const json = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
    if (!isText || json === '') return fc.constant(frame);
    return mutated(JSON.parse(json)).map((value) => encode(text.replace(json, () => jsonOf(value))));
  });
  const step = fc.oneof({ weight: 5, arbitrary: given }, { weight: 4, arbitrary: event }, { weight: 1, arbitrary: noise });
  const shuffled = fc.array(step, { maxLength: 8 });
  const onePlaceChanged = fc
    .tuple(fc.nat(frames.length - 1), step)
    .map(([at, other]) => frames.map((frame, i) => (i === at ? other : frame)));
  return fc.oneof(shuffled, onePlaceChanged).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
}

const NOISE = [
  'data: \n\n',
  'data: null\n\n',
  'data: []\n\n',
  'data: "x"\n\n',
  'data: 5\n\n',
  'event: error\ndata: {}\n\n',
  'event: error\ndata: down\n\n',
  'data: {"error":{"message":"x","code":503}}\n\n',
  '{"error":"x"}\n',
  '{"type":"error","error":{"type":"overloaded_error","message":"x"}}\n',
  '<html>\n',
  ': ping\n\n',
  '\u0000\n',
  'data: [DONE]\n\n',
  '[1,2\n',
] as const;

const ending = fc.constantFrom<'end' | 'fail'>('end', 'end', 'end', 'fail');

const answers = (body: fc.Arbitrary<Uint8Array>, type: string): fc.Arbitrary<Canned> =>
  fc
    .tuple(reads(damaged(body)), oddStatus, oddHeaders, ending, fc.boolean())
    .map(([parts, status, headers, how, plain]) =>
      plain
        ? { reads: parts, status: 200, headers: { 'content-type': type }, ending: how }
        : { reads: parts, status, headers: { 'content-type': type, ...headers }, ending: how },
    );

const anyJSON = fc
  .oneof(hostileValue, fc.jsonValue({ maxDepth: 4 }))
  .map(jsonOf)
  .map(encode);

const settings = { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: true } as const;

describe.each(DIALECTS)('%s', (provider) => {
  const transport = new CannedTransport();
  const llm = clientOn(transport);
  // chunks of a trusted host are handed on as they are
  const mends = provider !== 'openai';
  afterAll(() => llm.close());

  it('gives a reply or a typed error, whatever the answer', async () => {
    const [{ text } = { text: '' }] = WHOLE_ANSWERS.filter((answer) => answer.provider === provider);
    const body = fc.oneof(
      { weight: 4, arbitrary: mutated(JSON.parse(text)).map(jsonOf).map(encode) },
      { weight: 1, arbitrary: anyJSON },
    );
    await fc.assert(
      fc.asyncProperty(answers(body, 'application/json'), async (answer) => {
        transport.answer = answer;
        try {
          expectReply(await settled(llm.chat.completions.create({ model: `${provider}/m`, messages, tools })));
        } catch (error) {
          if (error instanceof Error && error.name === 'AssertionError') throw error;
          expectTyped(error);
        }
      }),
      settings,
    );
  });

  it('gives chunks or a typed error, whatever the stream', async () => {
    const [transcript] = TRANSCRIPTS.filter((one) => one.provider === provider && one.name.includes('mocked chat'));
    // bare text has no events that could be wrong
    if (transcript === undefined) return;
    const body = fc.oneof({ weight: 6, arbitrary: streamBytes(transcript) }, { weight: 1, arbitrary: anyJSON });
    await fc.assert(
      fc.asyncProperty(answers(body, transcript.contentType), async (answer) => {
        transport.answer = answer;
        const read = async (): Promise<void> => {
          const stream = await llm.chat.completions.create({ model: `${provider}/m`, messages, tools, stream: true });
          for await (const chunk of stream) if (mends) expectChunk(chunk);
        };
        try {
          await settled(read());
        } catch (error) {
          if (error instanceof Error && error.name === 'AssertionError') throw error;
          expectTyped(error);
        }
      }),
      settings,
    );
  });
});

/** An answer as it stands on the wire, mostly of the right form. */
const rawAnswer: fc.Arbitrary<string> = fc
  .record({
    line: fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 429 Too Many',
      'HTTP/1.0 200',
      'HTTP/1.1 999 ?',
      'HTTP/1.1 103 Early',
      'HTTP/2 200',
      'ICY 200 OK',
      '',
      'HTTP/1.1 204 No',
      'HTTP/1.1 307 Moved',
      '\u0000\u0001',
    ),
    headers: fc.array(
      fc.constantFrom(
        'content-type: application/json',
        'content-type: text/event-stream',
        'content-length: 5',
        'content-length: 99999',
        'content-length: -1',
        'transfer-encoding: chunked',
        'content-encoding: gzip',
        'content-encoding: br',
        'location: http://[::1/',
        'retry-after: 1e400',
        'x-request-id: \u00e4\u0001',
        'no colon here',
        `x-long: ${'y'.repeat(20_000)}`,
        ': empty name',
        'set-cookie: a=b',
      ),
      { maxLength: 5 },
    ),
    body: fc.oneof(
      fc.constantFrom(
        '',
        'hello',
        '0\r\n\r\n',
        '5\r\nhello\r\n0\r\n\r\n',
        'zz\r\n',
        '{"choices":[]}',
        'data: {}\n\n',
        '\u001f\u008b\b\u0000garbage',
      ),
      fc.string({ maxLength: 200 }),
    ),
    holds: fc.boolean(),
  })
  .map(({ line, headers, body, holds }) => `${holds ? '+' : '-'}${[line, ...headers].join('\r\n')}\r\n\r\n${body}`);

describe.each([
  ['undici', {}],
  ['fetch', { fetch: (...given: Parameters<typeof fetch>) => fetch(...given) }],
] as const)('over real sockets with %s', (_, options) => {
  it('gives a result or a typed error, whatever is on the wire', async () => {
    let next = '';
    const server = await tcpServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from(next.slice(1), 'latin1'));
        if (next.startsWith('-')) socket.end();
      });
    });
    const llm = createClient({
      ...options,
      use: [timeout({ connect: 2000, attempt: 50, firstToken: 50, idle: 50 })],
      deadline: SETTLES_WITHIN,
      providers: { openai: { apiKey: 'test-key-123456', baseURL: server.origin } },
    });
    try {
      await fc.assert(
        fc.asyncProperty(rawAnswer, fc.boolean(), async (answer, stream) => {
          next = answer;
          try {
            const result = await settled(llm.chat.completions.create({ model: 'openai/m', messages, stream }));
            if (Symbol.asyncIterator in result) for await (const chunk of result) expect(chunk).toBeTypeOf('object');
            else expectReply(result);
          } catch (error) {
            if (error instanceof Error && error.name === 'AssertionError') throw error;
            expectTyped(error, true);
          }
        }),
        { ...settings, numRuns: Math.ceil(RUNS / 4) },
      );
    } finally {
      await llm.close();
      await server.close();
    }
  });
});

it('settles when a rule of an own provider throws', async () => {
  const transport = new CannedTransport();
  const mine: ProviderDefinition = {
    id: 'mine',
    create: ({ id, connect }) => {
      const rule = (): never => {
        throw new TypeError('a mistake in a rule');
      };
      const wire = connect({ baseURL: 'http://x.invalid', secrets: [], failures: { rules: [rule] } });
      return { id, wire, operations: openaiOperations(wire, {}) };
    },
  };
  const llm = createClient({ transport, use: [], providers: { mine } });
  for (const how of ['end', 'fail'] as const) {
    transport.answer = { status: 500, reads: [encode('{}')], ending: how };
    const error = await rejection(settled(llm.chat.completions.create({ model: 'mine/m', messages })));
    expect(isLLMError(error, 'connection')).toBe(true);
    expect(error).toMatchObject({ cause: { message: 'a mistake in a rule' } });
  }
  await llm.close();
});

it('leaves no prototype polluted', () => {
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});
