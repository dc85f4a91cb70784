import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LLMError } from '../../src/index.ts';
import { client, failureOf, flood, service, TRANSPORTS, user } from './service.ts';

const LIMIT = 1_000_000;

const event = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(TRANSPORTS)('over %s', (_, transport) => {
  const failure = async (type: string, piece: string, status = 200, stream = true): Promise<LLMError> => {
    const baseURL = await service((_request, response) => {
      response.writeHead(status, { 'content-type': type });
      flood(response, piece);
    });
    const llm = client({ ...transport, maxResponseBytes: LIMIT, providers: { deepseek: { apiKey: 'k', baseURL } } });
    return failureOf(llm.chat.completions.create({ model: 'deepseek/m', messages: user('Hi'), stream }));
  };

  it.each([400, 500, 429])('the body of a %i that does not end is read so far as it says something', async (status) => {
    const error = await failure('text/plain', 'the service is out of order. '.repeat(2000), status, false);
    expect(error).toMatchObject({ status, message: expect.stringContaining('the service is out of order') });
  });

  it.each([
    ['comments', ': ping\n\n'.repeat(5000)],
    ['events without content', event({ content: '' }).repeat(300)],
    ['a line', 'data: '.concat('x'.repeat(60_000))],
    ['fields of one event', 'data: 1\n'.repeat(5000)],
    ['JSON that is never closed', '["a",\n'.repeat(5000)],
    ['unknown fields', 'what: ever\n'.repeat(5000)],
  ])('a stream of %s ends at maxResponseBytes', async (_what, piece) => {
    const error = await failure('text/event-stream', piece);
    expect(error).toMatchObject({ kind: 'response_validation' });
  });

  it('a stream whose chunks never hold anything ends', async () => {
    const baseURL = await service((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      flood(response, event({}).repeat(300));
    });
    const llm = client({ ...transport, providers: { deepseek: { apiKey: 'k', baseURL } } });
    const call = llm.chat.completions.create({ model: 'deepseek/m', messages: user('Hi'), stream: true });
    expect(await failureOf(call)).toMatchObject({
      kind: 'response_validation',
      reason: 'thousands of chunks came, but no content',
    });
  });

  it('stray JSON is parsed a few times over, not once for each line', async () => {
    const parse = vi.spyOn(JSON, 'parse');
    const error = await failure('text/event-stream', '[\n}\n'.repeat(5000));
    expect(error.kind).toBe('response_validation');
    const parsed = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
    expect(parsed).toBeGreaterThan(LIMIT / 2);
    expect(parsed).toBeLessThan(12 * LIMIT);
  });

  it('what a stream says before anybody reads it waits at maxResponseBytes, and is all there later', async () => {
    const words = `${'x'.repeat(100_000)} `;
    const baseURL = await service((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let at = 0; at < 100; at++) response.write(event({ content: words }));
      response.end(`${event({}, 'stop')}data: [DONE]\n\n`);
    });
    const llm = client({ ...transport, maxResponseBytes: LIMIT, providers: { deepseek: { apiKey: 'k', baseURL } } });
    const stream = await llm.chat.completions.create({ model: 'deepseek/m', messages: user('Hi'), stream: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    let length = 0;
    for await (const chunk of stream) length += chunk.choices[0]?.delta.content?.length ?? 0;
    expect(length).toBe(100 * words.length);
  });

  it('a bomb of compressed blanks does not become an answer', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * LIMIT, 0x20));
    const baseURL = await service((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb);
    });
    const llm = client({ ...transport, maxResponseBytes: LIMIT, providers: { deepseek: { apiKey: 'k', baseURL } } });
    const error = await failureOf(llm.chat.completions.create({ model: 'deepseek/m', messages: user('Hi') }));
    expect(bomb.length).toBeLessThan(LIMIT);
    expect(error.kind).toBe('response_validation');
  });
});
