import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchEngine } from '../../src/batches/index.ts';
import type { LLMClient } from '../../src/index.ts';
import { createClient, fallback } from '../../src/index.ts';
import { asFetch } from '../../src/openai/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';
import { lineOf } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
let mock: MockServer;
let llm: LLMClient;
let openai: OpenAI;

beforeAll(async () => {
  mock = await startMockServer();
  llm = createClient({
    use: [fallback(['openai/gpt-5-mini'])],
    providers: {
      openai: { apiKey: 'k', baseURL: mock.baseURL('openai') },
      anthropic: { apiKey: 'k', baseURL: mock.baseURL('anthropic') },
    },
    batches: batchEngine({ path: ':memory:' }),
  });
  const models = { fast: 'anthropic/claude-sonnet-4-5', 'anthropic/claude-sonnet-4-5': 'anthropic/claude-sonnet-4-5' };
  openai = new OpenAI({ apiKey: 'unused', maxRetries: 0, fetch: asFetch(llm, { models }) });
});
afterAll(async () => {
  await llm.close();
  await mock.close();
});

describe('the official client over a client of ours', () => {
  it('calls, streams and its helpers work for another provider, with our layers around them', async () => {
    mock.enqueue('anthropic', fault.overloaded());
    mock.enqueue('openai', reply('from the second'));
    const { data, response } = await openai.chat.completions.create({ model: 'fast', messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe('from the second');
    expect(response.headers.get('x-holdfast-provider')).toBe('openai');
    const stream = openai.chat.completions.stream({ model: 'fast', messages });
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe('Hello from the mock server.');
    mock.enqueue('anthropic', reply({ toolCalls: [{ name: 'now', arguments: {} }] }), reply('noon'));
    const run = openai.chat.completions.runTools({
      model: 'fast',
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'now',
            description: 'The time.',
            function: () => '12:00',
            parameters: { type: 'object', properties: {} },
          },
        },
      ],
    });
    expect(await run.finalContent()).toBe('noon');
    expect((await openai.embeddings.create({ model: 'openai/text-embedding-3-small', input: 'a' })).data).toHaveLength(1);
  });

  it.each(['https://api.openai.com/v1', 'http://holdfast', 'https://proxy.example/some/path/'])(
    'whatever its base URL: %s',
    async (baseURL) => {
      const client = new OpenAI({ apiKey: 'unused', baseURL, maxRetries: 0, fetch: asFetch(llm) });
      const answered = await client.chat.completions.create({ model: 'openai/gpt-5-mini', messages });
      expect(answered.object).toBe('chat.completion');
    },
  );

  it('failures are of its own classes', async () => {
    mock.enqueue('anthropic', fault.contextWindow());
    mock.enqueue('openai', fault.contextWindow());
    const overflow = await rejectionOf(openai.chat.completions.create({ model: 'fast', messages }));
    expect(overflow).toBeInstanceOf(OpenAI.BadRequestError);
    expect(overflow).toMatchObject({ status: 400, code: 'context_length_exceeded' });
    expect(await rejectionOf(openai.chat.completions.create({ model: 'nothing', messages }))).toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  it('an abort rejects as that of fetch does, and ends the call upstream', async () => {
    const before = mock.requests.length;
    mock.enqueue('anthropic', fault.stall(0));
    const stop = new AbortController();
    const error = rejectionOf(openai.chat.completions.create({ model: 'fast', messages }, { signal: stop.signal }));
    await until(() => mock.requests.length > before);
    const ended = new Promise((resolve) => llm.on('call-ended', ({ outcome }) => resolve(outcome)));
    stop.abort();
    expect(await error).toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(await ended).toBe('aborted');
  });

  it('files and batches', async () => {
    const file = await openai.files.create({
      file: await toFile(Buffer.from(JSON.stringify(lineOf('a'))), 'a.jsonl'),
      purpose: 'batch',
    });
    let batch = await openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    while (batch.status !== 'completed') {
      await new Promise((resolve) => setTimeout(resolve, 5));
      batch = await openai.batches.retrieve(batch.id);
    }
    expect(await (await openai.files.content(batch.output_file_id ?? '')).text()).toContain('"custom_id":"a"');
  });
});
