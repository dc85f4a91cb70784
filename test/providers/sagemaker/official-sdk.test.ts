import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, startMockServer } from '../../../src/testing/index.ts';
import type { Account } from '../../support/agreement.ts';
import { agree, clientAt } from '../../support/agreement.ts';
import { rejection } from '../../support/client.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const ENDPOINT = 'my-endpoint';

let mock: MockServer;
let llm: LLMClient;
const sdks: SageMakerRuntimeClient[] = [];

function sdk(credentials = KEYS): SageMakerRuntimeClient {
  const client = new SageMakerRuntimeClient({
    region: 'us-east-1',
    endpoint: mock.baseURL('sagemaker'),
    credentials,
    maxAttempts: 1,
  });
  sdks.push(client);
  return client;
}

beforeEach(async () => {
  mock = await startMockServer();
  llm = clientAt(mock, 'sagemaker', { region: 'us-east-1', ...KEYS });
});
afterEach(async () => {
  for (const client of sdks.splice(0)) client.destroy();
  await llm.close();
  await mock.close();
});

const messages = [{ role: 'user' as const, content: 'hi' }];
const bodyWith = (fields: object): string => JSON.stringify({ messages, ...fields });

interface Message {
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly {
    readonly index?: number;
    readonly id?: string;
    readonly function: { readonly name?: string; readonly arguments: string };
  }[];
}
interface Answer {
  readonly choices: readonly { readonly message?: Message; readonly delta?: Message }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

const tokensOf = ({ usage }: Answer): Account['tokens'] => [usage?.prompt_tokens, usage?.completion_tokens];

async function whole(): Promise<Account> {
  const { Body } = await sdk().send(
    new InvokeEndpointCommand({ EndpointName: ENDPOINT, ContentType: 'application/json', Body: bodyWith({}) }),
  );
  const answer = JSON.parse(Body.transformToString()) as Answer;
  const message = answer.choices[0]?.message;
  const calls = (message?.tool_calls ?? []).map(({ id, function: { name = '', arguments: json } }) => ({
    id,
    name,
    arguments: JSON.parse(json) as unknown,
  }));
  return { text: message?.content ?? '', reasoning: message?.reasoning_content ?? '', calls, tokens: tokensOf(answer) };
}

async function stream(): Promise<Account> {
  const { Body } = await sdk().send(
    new InvokeEndpointWithResponseStreamCommand({
      EndpointName: ENDPOINT,
      ContentType: 'application/json',
      Body: bodyWith({ stream: true, stream_options: { include_usage: true } }),
    }),
  );
  const bytes: Uint8Array[] = [];
  for await (const { PayloadPart } of Body ?? []) if (PayloadPart?.Bytes) bytes.push(PayloadPart.Bytes);
  let text = '';
  let reasoning = '';
  let tokens: Account['tokens'] = [undefined, undefined];
  const calls: { id: string | undefined; name: string; json: string }[] = [];
  for (const line of Buffer.concat(bytes).toString().split('\n')) {
    if (!line.startsWith('data: {')) continue;
    const chunk = JSON.parse(line.slice(6)) as Answer;
    const delta = chunk.choices[0]?.delta;
    text += delta?.content ?? '';
    reasoning += delta?.reasoning_content ?? '';
    for (const { index = 0, id, function: called } of delta?.tool_calls ?? []) {
      calls[index] ??= { id, name: called.name ?? '', json: '' };
      calls[index].json += called.arguments;
    }
    if (chunk.usage) tokens = tokensOf(chunk);
  }
  const named = calls.map(({ id, name, json }) => ({ id, name, arguments: JSON.parse(json) as unknown }));
  return { text, reasoning, calls: named, tokens };
}

describe('@aws-sdk/client-sagemaker-runtime', () => {
  it('reads words and tool calls as our client does, whole and streamed', async () => {
    await agree(mock, { llm, provider: 'sagemaker', model: `sagemaker/${ENDPOINT}` }, { whole, stream });
  });

  it('sends the same headers and bodies', async () => {
    await sdk().send(
      new InvokeEndpointCommand({
        EndpointName: ENDPOINT,
        ContentType: 'application/json',
        Body: bodyWith({}),
        CustomAttributes: 'accept_eula=true',
        TargetVariant: 'blue',
        InferenceComponentName: 'small',
        SessionId: 'NEW_SESSION',
        InferenceId: 'i-1',
      }),
    );
    const options = { customAttributes: 'accept_eula=true', targetVariant: 'blue', sessionId: 'NEW_SESSION', inferenceId: 'i-1' };
    await llm.chat.completions.create({
      model: `sagemaker/${ENDPOINT}/small`,
      messages,
      providerOptions: { sagemaker: options },
    });
    const [theirs, ours] = mock.requests;
    expect(ours).toMatchObject({ path: theirs?.path, body: theirs?.body });
    const named = Object.entries(theirs?.headers ?? {}).filter(([name]) => name.startsWith('x-amzn-sagemaker-'));
    expect(named.length).toBeGreaterThan(4);
    expect(ours?.headers).toMatchObject(Object.fromEntries(named));
  });

  it('raises its own errors where our client raises ours', async () => {
    mock.enqueue('sagemaker', fault.contextWindow(), fault.unavailable(), fault.rateLimit());
    const send = (client = sdk()): Promise<unknown> =>
      client.send(new InvokeEndpointCommand({ EndpointName: ENDPOINT, ContentType: 'application/json', Body: bodyWith({}) }));
    expect(await rejection(send())).toMatchObject({
      name: 'ModelError',
      OriginalStatusCode: 422,
      $metadata: { httpStatusCode: 424 },
    });
    expect(await rejection(send())).toMatchObject({ name: 'ServiceUnavailable' });
    expect(await rejection(send())).toMatchObject({ name: 'ThrottlingException' });
    expect(await rejection(send(sdk({ ...KEYS, accessKeyId: 'wrong' })))).toMatchObject({ name: 'UnrecognizedClientException' });
  });
});
