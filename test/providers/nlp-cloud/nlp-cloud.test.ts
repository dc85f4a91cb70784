import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nlpCloud } from '../../../src/providers/nlp-cloud/nlp-cloud.ts';
import { TokenText } from '../../../src/providers/nlp-cloud/token-text.ts';
import { callOf, contextOf } from '../../support/call.ts';
import { itExplains, row } from '../../support/failure-rows.ts';
import { providerOn } from '../../support/recording-transport.ts';

type Settings = NonNullable<Parameters<typeof providerOn>[1]>;

const on = (answer: Settings['answer'], settings: object = {}): ReturnType<typeof providerOn> =>
  providerOn(nlpCloud, { settings: { apiKey: 'key', ...settings }, ...(answer === undefined ? {} : { answer }) });
const GENERATED = { generated_text: 'Hi', nb_input_tokens: 3, nb_generated_tokens: 5 };
const user = (content: string) => ({ role: 'user' as const, content });
const assistant = (content: string) => ({ role: 'assistant' as const, content });
const model = { model: 'dolphin' };

describe('requests', () => {
  it('generate from a single message and count tokens', async () => {
    const { sent, result } = await on(GENERATED).run('chat', { messages: [user('Hello')], max_tokens: 5, stop: ['END'] }, model);
    expect(sent).toMatchObject({
      url: 'https://api.nlpcloud.io/v1/gpu/dolphin/generation',
      headers: { authorization: 'Token key' },
      body: {
        text: 'Hello',
        max_length: 5,
        length_no_input: true,
        remove_input: true,
        end_sequence: 'END',
        remove_end_sequence: true,
      },
    });
    expect(result).toMatchObject({
      choices: [{ message: { content: 'Hi' }, finish_reason: 'length' }],
      usage: { total_tokens: 8 },
    });
  });

  it('talk to the chatbot where question and answer alternate', async () => {
    const messages = [
      { role: 'system' as const, content: 'Be kind.' },
      user('One'),
      assistant('Two'),
      user('Three'),
      user('Four'),
    ];
    const { sent, result } = await on({ response: 'Five', history: [] }).run('chat', { messages }, model);
    expect(sent.url).toBe('https://api.nlpcloud.io/v1/gpu/dolphin/chatbot');
    expect(sent.body).toEqual({ input: 'Three\nFour', context: 'Be kind.', history: [{ input: 'One', response: 'Two' }] });
    expect(result.choices[0]?.message.content).toBe('Five');
    expect(result.usage).toBeUndefined();
    const limited = await on(GENERATED).run('chat', { messages, temperature: 0.5 }, model);
    expect(limited.sent.body).toMatchObject({
      text: 'Be kind.\n\nUser: One\nAssistant: Two\nUser: Three\nFour\nAssistant:',
      temperature: 0.5,
    });
  });

  it('put the language before the model and embeddings off the GPU', async () => {
    const french = on({ embeddings: [[1, 2]] }, { language: 'fra_Latn' });
    expect((await french.run('embed', { input: 'a' }, model)).sent).toMatchObject({
      url: 'https://api.nlpcloud.io/v1/fra_Latn/dolphin/embeddings',
      body: { sentences: ['a'] },
    });
    expect(() => on(GENERATED, { language: '../x' })).toThrow(/language/);
  });

  it('refuse what cannot be said', async () => {
    const refused = (request: object) => on(GENERATED).run('chat', { messages: [user('x')], ...request }, model);
    await expect(refused({ stop: ['a', 'b'] })).rejects.toMatchObject({ param: 'stop' });
    await expect(refused({ frequency_penalty: 1 })).rejects.toMatchObject({ param: 'frequency_penalty' });
    await expect(refused({ tools: [{ type: 'function', function: { name: 'f' } }] })).rejects.toMatchObject({ param: 'tools' });
  });
});

/** What a stream says, cut into these pieces. */
function said(...pieces: string[]): string {
  const text = new TokenText(contextOf(callOf('stream', { messages: [] })));
  return pieces.map((piece) => text.take(piece)).join('') + text.rest();
}

describe('streamed text', () => {
  it('comes plain, in lines of JSON or behind data:, with padding', () => {
    expect(said('The answer', '\n is\0 42', '.[DO', 'NE]')).toBe('The answer\n is 42.');
    expect(said('{"generated_text":"The "}\n{"generated_text":"answer"}\n', '{"generated_text":"[DONE]"}\n')).toBe('The answer');
    expect(said('data: {"response":"Hel"}\n', 'data: {"response":"lo"}\ndata: [DONE]\n')).toBe('Hello');
    expect(said('{"a": 1', '}\n and more[DONE]')).toBe('{"a": 1}\n and more');
    expect(said('a [D', 'ot and {"detai', 'led": 1}[DONE]')).toBe('a [Dot and {"detailed": 1}');
  });

  it('fails for an error inside, wherever it stands', () => {
    expect(() => said('{"detail":"no credit"}')).toThrow();
    expect(() => said('Some text', '{"detail":', '"no credit"}')).toThrow();
    expect(() => said('\u0001\u0002 binary')).toThrow();
  });

  it('is the same however the network cuts it', () => {
    const texts = fc.array(fc.constantFrom('word', ' ', '\n', '[D', '{"d', '[DONE', '}', 'ü', '"'), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(6), { maxLength: 40 }), (parts, cuts) => {
        const text = `x${parts.join('')}`;
        const pieces: string[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(text.slice(at, at + cut));
          at += cut;
        }
        pieces.push(`${text.slice(at)}[DONE]`);
        expect(said(...pieces)).toBe(said(`${text}[DONE]`));
      }),
    );
  });

  it('is a stream of chunks', async () => {
    const { result } = await on('Hel lo[DONE]').run('stream', { messages: [user('x')] }, model);
    const chunks = [];
    for await (const chunk of result) chunks.push(chunk);
    expect(chunks.map(({ choices }) => [choices[0]?.delta, choices[0]?.finish_reason])).toEqual([
      [{ role: 'assistant', content: 'Hel lo' }, null],
      [{}, 'stop'],
    ]);
    const cut = await on('Hel lo').run('stream', { messages: [user('x')] }, model);
    await expect(
      (async () => {
        for await (const _ of cut.result);
      })(),
    ).rejects.toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Hel lo' } });
  });
});

describe('how NLP Cloud fails', () => {
  itExplains('nlp_cloud', [
    row(400, { detail: 'Input text length should not exceed 2048 tokens' }, 'ContextWindowExceededError'),
    row(
      422,
      { detail: [{ loc: ['body', 'text'], msg: 'value is not a valid string', type: 'value_error' }] },
      'UnprocessableEntityError',
    ),
    row(400, { detail: 'bad' }, 'BadRequestError'),
    row(406, { detail: 'bad' }, 'BadRequestError'),
    row(401, { detail: 'Invalid token' }, 'AuthenticationError'),
    row(402, { detail: 'plan' }, 'InsufficientCreditsError'),
    row(403, { detail: 'plan' }, 'PermissionDeniedError'),
    row(404, { detail: 'no model' }, 'NotFoundError'),
    row(413, { detail: 'text length' }, 'ContextWindowExceededError'),
    row(413, '', 'RequestTooLargeError'),
    row(429, { error: 'slow down' }, 'RateLimitError'),
    row(500, '', 'InternalServerError'),
    row(503, '', 'ServiceUnavailableError'),
    row(504, '', 'TimeoutError'),
    row(520, '', 'ServiceUnavailableError'),
    row(524, '', 'TimeoutError'),
  ]);
});
