import { describe, expect, it } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import { client, failureOf, service, TRANSPORTS, user } from './service.ts';

const CALLS: Readonly<Record<string, (llm: LLMClient) => PromiseLike<unknown>>> = {
  'a file to delete': (llm) => llm.files.delete('..', { provider: 'openai' }),
  'the content of a file': (llm) => llm.files.content('..', { provider: 'openai' }),
  'a batch to cancel': (llm) => llm.batches.cancel('..', { provider: 'openai' }),
  'a batch of Anthropic': (llm) => llm.batches.retrieve('..', { provider: 'anthropic' }),
  'a file of Gemini': (llm) => llm.files.retrieve('files/..', { provider: 'gemini' }),
  ...Object.fromEntries(
    [
      'azure/..',
      'bedrock/..',
      'nlp_cloud/../../other',
      'nlp_cloud/.',
      'huggingface/..',
      'watsonx/deployment/..',
      'replicate/deployments/../x',
    ].map((model) => [model, (llm: LLMClient) => llm.chat.completions.create({ model, messages: user('Hi') })]),
  ),
  'huggingface vectors': (llm) => llm.embeddings.create({ model: 'huggingface/../../x', input: 'Hi' }),
};

describe.each(TRANSPORTS)('over %s', (_, transport) => {
  it.each(Object.entries(CALLS))('a name that is ".." asks for nothing else with the same key: %s', async (_name, call) => {
    const asked: string[] = [];
    const baseURL = await service((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(404).end('{}');
    });
    const apiKey = 'zq7-Very+Private/Key=0815';
    const llm = client({
      ...transport,
      providers: {
        openai: { apiKey, baseURL: `${baseURL}/v1` },
        anthropic: { apiKey, baseURL },
        gemini: { apiKey, baseURL },
        azure: { apiKey, endpoint: baseURL, apiVersion: '2024-10-21' },
        bedrock: { region: 'us-east-1', accessKeyId: 'a', secretAccessKey: apiKey, baseURL },
        huggingface: { apiKey, baseURL },
        nlp_cloud: { apiKey, baseURL },
        watsonx: { token: apiKey, projectId: 'p', baseURL },
        replicate: { apiKey, baseURL },
      },
    });
    const error = await failureOf(call(llm));
    const outside = asked.filter((path) =>
      /\.\.|\/\.\/|^(?:DELETE \/v1\/|\w+ \/(?:v1\/)?(?:cancel|converse|other|x|generation))/.test(path),
    );
    expect(outside).toEqual([]);
    if (asked.length === 0) expect(error.kind).toBe('bad_request');
  });

  it.each(['a b', 'a?b=1', 'a#b', 'a%2f..%2fb', 'a\r\nx-more: 1', '..%2f..', 'a\\..\\b', 'ä'])(
    '%j stays one segment',
    async (id) => {
      const asked: string[] = [];
      const baseURL = await service((request, response) => {
        asked.push(`${request.url} ${request.headers['x-more']}`);
        response.writeHead(404).end('{}');
      });
      const llm = client({ ...transport, providers: { openai: { apiKey: 'k', baseURL } } });
      await failureOf(llm.files.retrieve(id, { provider: 'openai' }));
      expect(asked).toEqual([`/files/${encodeURIComponent(id)} undefined`]);
    },
  );
});
