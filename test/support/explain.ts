import type { FailureSpec } from '../../src/contract/provider.ts';
import type { WireFailure, WireHeaders } from '../../src/contract/wire.ts';
import { anthropicFailures } from '../../src/dialects/anthropic/failure.ts';
import { geminiFailures } from '../../src/dialects/gemini/failure.ts';
import type { LLMError } from '../../src/errors/catalogue.ts';
import { alephAlphaFailures } from '../../src/providers/aleph-alpha/failure.ts';
import { azureFailures } from '../../src/providers/azure/failure.ts';
import { bedrockFailures } from '../../src/providers/bedrock/failure.ts';
import { cloudflareFailures } from '../../src/providers/cloudflare/failure.ts';
import { cohereFailures } from '../../src/providers/cohere/failure.ts';
import { huggingfaceFailures } from '../../src/providers/huggingface/failure.ts';
import { mistralFailures } from '../../src/providers/mistral/failure.ts';
import { nlpCloudFailures } from '../../src/providers/nlp-cloud/failure.ts';
import { ollamaFailures } from '../../src/providers/ollama/failure.ts';
import { hostFailures } from '../../src/providers/openai-hosts/failures.ts';
import type { Host } from '../../src/providers/openai-hosts/host.ts';
import { OPENAI_HOSTS } from '../../src/providers/openai-hosts/table.ts';
import { replicateFailures } from '../../src/providers/replicate/failure.ts';
import { sagemakerFailures } from '../../src/providers/sagemaker/failure.ts';
import { textCompletionFailures } from '../../src/providers/text-completion-openai/text-completion-openai.ts';
import { vertexFailures } from '../../src/providers/vertex-ai/failure.ts';
import { watsonxFailures } from '../../src/providers/watsonx/failure.ts';
import type { FailureFacts } from '../../src/wire/failure/explain.ts';
import { explainFailure } from '../../src/wire/failure/explain.ts';

/** 2026-01-02T03:04:05Z. */
export const NOW: number = Date.UTC(2026, 0, 2, 3, 4, 5);

const OWN: Readonly<Record<string, FailureSpec>> = {
  anthropic: anthropicFailures,
  azure: azureFailures,
  gemini: geminiFailures,
  vertex_ai: vertexFailures,
  palm: geminiFailures,
  cohere: cohereFailures,
  cohere_chat: cohereFailures,
  huggingface: huggingfaceFailures,
  mistral: mistralFailures,
  ollama: ollamaFailures,
  ollama_chat: ollamaFailures,
  aleph_alpha: alephAlphaFailures,
  cloudflare: cloudflareFailures,
  nlp_cloud: nlpCloudFailures,
  replicate: replicateFailures,
  'text-completion-openai': textCompletionFailures,
  watsonx: watsonxFailures,
  bedrock: bedrockFailures,
  sagemaker: sagemakerFailures,
};

/** The failure spec of a provider whose folder has one; `undefined` for those that live by the shared rules. */
export const specOf = (provider: string): FailureSpec | undefined =>
  OWN[provider] ?? { requestIdHeaders: hostOf(provider)?.requestIdHeaders, ...hostFailures(provider) };

const hostOf = (id: string): Host | undefined => (OPENAI_HOSTS as Readonly<Record<string, Host>>)[id];

/** What a transport would hand over for an answer of this status and body. */
export function failureOf(status: number | undefined, body: unknown, headers: WireHeaders = {}, streamed = false): WireFailure {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  let json: unknown;
  try {
    json = typeof body === 'string' ? JSON.parse(text) : body;
  } catch {
    json = undefined;
  }
  const inside = status === undefined || (status >= 200 && status < 300);
  return { status, headers, text, json, place: !inside ? 'status' : streamed ? 'stream' : 'body' };
}

/** The error that a provider's answer becomes. */
export function explained(
  provider: string,
  status: number | undefined,
  body: unknown,
  options: { headers?: WireHeaders; streamed?: boolean; facts?: Partial<FailureFacts> } = {},
): LLMError {
  return explainFailure(failureOf(status, body, options.headers, options.streamed), specOf(provider), {
    provider,
    model: 'some-model',
    call: { correlationId: 'test-call' },
    now: NOW,
    secrets: [],
    promptText: () => '',
    ...options.facts,
  });
}
