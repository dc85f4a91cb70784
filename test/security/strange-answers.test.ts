import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LLMClient, LLMError } from '../../src/index.ts';
import { isLLMError } from '../../src/index.ts';
import { mockProvider } from '../../src/testing/mock-dialects.ts';
import type { Loopback } from '../wire/loopback.ts';
import { httpServer } from '../wire/loopback.ts';
import { client, shown, user } from './service.ts';

const KEY = 'zq7-Very+Private/Key=0815';
const PROMPT = 'the treasure lies under the old oak in Kilmarnock';
const ECHO = `${KEY} ${PROMPT}`;

/** A service that puts key and prompt where its protocol has something else. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  'a text': ECHO,
  'a list': [ECHO],
  'choices as a text': { choices: ECHO },
  'a choice as a text': { choices: [ECHO] },
  'a message as a text': { choices: [{ index: 0, message: ECHO, delta: ECHO }] },
  'content as an object': { choices: [{ index: 0, message: { content: { x: ECHO } } }] },
  'a reason to finish': { id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: ECHO }] },
  'usage as a text': { id: 'x', choices: [], usage: ECHO },
  'tool calls as a text': { choices: [{ index: 0, message: { tool_calls: ECHO } }] },
  'a tool call as a text': { choices: [{ index: 0, message: { tool_calls: [{ function: ECHO }] } }] },
  'candidates as a text': { candidates: ECHO, promptFeedback: { blockReason: ECHO } },
  'a candidate that ended': { candidates: [{ finishReason: ECHO, content: ECHO }] },
  'blocks as a text': { type: 'message', content: ECHO, stop_reason: ECHO },
  'an unknown type': { type: ECHO, content: [{ type: ECHO, text: ECHO }] },
  'a message of another protocol': { message: ECHO, done: ECHO },
  'a response that is done': { response: ECHO, done_reason: ECHO },
  'a detail': { detail: ECHO },
  'an error of odd names': { error: { [ECHO]: ECHO, message: { x: ECHO } } },
  'a status': { status: 'failed', error: ECHO },
  'an id': { id: ECHO, choices: [] },
  'a rank': { results: [{ index: ECHO, relevance_score: ECHO }] },
  'vectors as a text': { data: [{ embedding: ECHO, index: ECHO }], embeddings: ECHO, embedding: { values: ECHO } },
  'data as a text': { data: ECHO },
};

const SETTINGS: Readonly<Record<string, object>> = {
  bedrock: { region: 'us-east-1', apiKey: KEY },
  sagemaker: { region: 'us-east-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: KEY },
  vertex_ai: { project: 'p', location: 'us-central1', accessToken: KEY },
  watsonx: { token: KEY, projectId: 'p' },
  cloudflare: { apiKey: KEY, accountId: 'a' },
};

const PROVIDERS =
  'openai deepseek anthropic gemini ollama cohere mistral replicate huggingface cloudflare nlp_cloud aleph_alpha watsonx bedrock sagemaker vertex_ai text-completion-openai jina_ai voyage';

const CALLS: Readonly<Record<string, (llm: LLMClient, model: string) => PromiseLike<unknown>>> = {
  chat: (llm, model) => llm.chat.completions.create({ model, messages: user(PROMPT) }),
  stream: async (llm, model) => {
    for await (const _ of await llm.chat.completions.create({ model, messages: user(PROMPT), stream: true }));
  },
  embeddings: (llm, model) => llm.embeddings.create({ model, input: PROMPT }),
  rerank: (llm, model) => llm.rerank.create({ model, query: PROMPT, documents: [PROMPT] }),
};

let server: Loopback;
let answer = '';
beforeAll(async () => {
  server = await httpServer((_request, response) => {
    const type = answer.startsWith('data:') ? 'text/event-stream' : 'application/json';
    response.writeHead(200, { 'content-type': type }).end(answer);
  });
});
afterAll(() => server.close());

/** `partial` is the answer as far as it came: what was completed is the caller's. */
function told(error: LLMError): string {
  Reflect.deleteProperty(error, 'partial');
  return shown(error);
}

describe.each(PROVIDERS.split(' '))('%s', (provider) => {
  it('tells neither key nor prompt of answers that are not its protocol', async () => {
    const baseURL = `${server.origin}${mockProvider(provider).suffix}`;
    const llm = client({ providers: { [provider]: { apiKey: KEY, ...SETTINGS[provider], baseURL } as never } });
    let failures = 0;
    for (const [what, body] of Object.entries(ANSWERS)) {
      for (const [operation, call] of Object.entries(CALLS)) {
        for (const text of [JSON.stringify(body), `data: ${JSON.stringify(body)}\n\n`]) {
          answer = text;
          try {
            await call(llm, `${provider}/m`);
          } catch (error) {
            if (!isLLMError(error)) throw error;
            failures++;
            const words = told(error);
            for (const secret of [KEY, PROMPT]) if (words.includes(secret)) expect.fail(`${operation}, ${what}: ${words}`);
          }
        }
      }
    }
    expect(failures).toBeGreaterThan(40);
  });
});
