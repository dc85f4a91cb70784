import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, startMockServer } from '../../../src/testing/index.ts';
import type { Account } from '../../support/agreement.ts';
import { agree, clientAt } from '../../support/agreement.ts';
import { rejection } from '../../support/client.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

let mock: MockServer;
let llm: LLMClient;
const sdks: BedrockRuntimeClient[] = [];

/** This SDK speaks HTTP/2 unless it is given the other SDK's handler. */
function sdk(accessKeyId = 'AKIDEXAMPLE'): BedrockRuntimeClient {
  const region = 'us-east-1';
  const client = new BedrockRuntimeClient({
    region,
    endpoint: mock.baseURL('bedrock'),
    credentials: { accessKeyId, secretAccessKey: 'secret' },
    requestHandler: new SageMakerRuntimeClient({ region }).config.requestHandler,
    maxAttempts: 1,
  });
  sdks.push(client);
  return client;
}

beforeEach(async () => {
  mock = await startMockServer();
  llm = clientAt(mock, 'bedrock', { region: 'us-east-1' });
});
afterEach(async () => {
  for (const client of sdks.splice(0)) client.destroy();
  await llm.close();
  await mock.close();
});

const input: ConverseCommandInput = { modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'hi' }] }] };

function accountOf(blocks: readonly ContentBlock[]): Pick<Required<Account>, 'text' | 'reasoning' | 'calls'> {
  let text = '';
  let reasoning = '';
  const calls: NonNullable<Account['calls']>[number][] = [];
  for (const { text: said, reasoningContent, toolUse } of blocks) {
    text += said ?? '';
    reasoning += reasoningContent?.reasoningText?.text ?? '';
    if (toolUse !== undefined) calls.push({ id: toolUse.toolUseId, name: toolUse.name ?? '', arguments: toolUse.input });
  }
  return { text, reasoning, calls };
}

async function whole(): Promise<Account> {
  const { output, usage } = await sdk().send(new ConverseCommand(input));
  return { ...accountOf(output?.message?.content ?? []), tokens: [usage?.inputTokens, usage?.outputTokens] };
}

async function stream(): Promise<Account> {
  const { stream: events } = await sdk().send(new ConverseStreamCommand(input));
  let text = '';
  let reasoning = '';
  let tokens: Account['tokens'] = [undefined, undefined];
  const calls: { id: string; name: string; json: string }[] = [];
  for await (const event of events ?? []) {
    const { toolUse } = event.contentBlockStart?.start ?? {};
    if (toolUse) calls.push({ id: toolUse.toolUseId ?? '', name: toolUse.name ?? '', json: '' });
    const delta = event.contentBlockDelta?.delta;
    text += delta?.text ?? '';
    reasoning += delta?.reasoningContent?.text ?? '';
    const open = calls.at(-1);
    if (open !== undefined) open.json += delta?.toolUse?.input ?? '';
    const { usage } = event.metadata ?? {};
    if (usage) tokens = [usage.inputTokens, usage.outputTokens];
  }
  const named = calls.map(({ id, name, json }) => ({ id, name, arguments: JSON.parse(json || '{}') as unknown }));
  return { text, reasoning, calls: named, tokens };
}

describe('@aws-sdk/client-bedrock-runtime', () => {
  it('reads words, reasoning and tool calls as our client does, whole and streamed', async () => {
    await agree(mock, { llm, provider: 'bedrock', model: `bedrock/${MODEL}` }, { whole, stream });
  });

  it('sends the same paths and bodies', async () => {
    await sdk().send(new ConverseCommand(input));
    await llm.chat.completions.create({ model: `bedrock/${MODEL}`, messages: [{ role: 'user', content: 'hi' }] });
    const [theirs, ours] = mock.requests;
    expect(theirs?.path).toBe('/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse');
    expect(ours).toMatchObject({ method: theirs?.method, path: theirs?.path, body: theirs?.body });
  });

  it('embeds', async () => {
    const { body } = await sdk().send(
      new InvokeModelCommand({
        modelId: 'amazon.titan-embed-text-v2:0',
        contentType: 'application/json',
        body: JSON.stringify({ inputText: 'a', dimensions: 4 }),
      }),
    );
    const ours = await llm.embeddings.create({ model: 'bedrock/amazon.titan-embed-text-v2:0', input: 'a', dimensions: 4 });
    expect(JSON.parse(body.transformToString())).toMatchObject({ embedding: ours.data[0]?.embedding });
    expect(mock.requests[1]).toMatchObject({ path: mock.requests[0]?.path, body: mock.requests[0]?.body });
  });

  it('raises its own errors where our client raises ours', async () => {
    mock.enqueue('bedrock', fault.rateLimit(), fault.contextWindow(), fault.unavailable(), fault.quota());
    for (const [name, status] of [
      ['ThrottlingException', 429],
      ['ValidationException', 400],
      ['ServiceUnavailableException', 503],
      ['ServiceQuotaExceededException', 400],
    ] as const) {
      const error = await rejection(sdk().send(new ConverseCommand(input)));
      expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status, requestId: expect.stringMatching(/mock$/) } });
    }
    const refused = await rejection(sdk('wrong').send(new ConverseCommand(input)));
    expect(refused).toMatchObject({ name: 'UnrecognizedClientException' });
  });

  it('raises the exceptions of a running stream', async () => {
    mock.enqueue('bedrock', fault.errorEvent(2, { failure: 'rateLimit' }), fault.errorEvent(2, { failure: 'rateLimit' }));
    expect(await rejection(stream())).toMatchObject({ name: 'ThrottlingException' });
    const ours = await llm.chat.completions.create({
      model: `bedrock/${MODEL}`,
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    });
    const read = async (): Promise<void> => {
      for await (const _ of ours);
    };
    expect(await rejection(read())).toMatchObject({
      kind: 'rate_limit',
      status: 429,
      code: 'throttlingException',
      partial: { content: 'word1 word2' },
    });
  });
});
