import * as ai from 'ai';
import * as aiTest from 'ai/test';
import * as holdfast from 'holdfast';
import { describe, expect, it } from 'vitest';
import { ALIASES, PROVIDERS } from '../../src/providers/registry.ts';
import { TABLE } from '../faults/litellm-table.ts';
import { readPage } from '../support/doc-blocks.ts';

/** What the tables of the migration pages name exists, here and where the reader comes from. */

const rowsOf = (page: string): string[][] =>
  [...readPage(page).matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()));
const names = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const litellm = rowsOf('docs/from-litellm.md');
const everything = ['docs/from-litellm.md', 'docs/from-openai.md', 'docs/from-vercel-ai-sdk.md'].flatMap(rowsOf);

/** BerriAI/litellm, litellm/exceptions.py; MockException is internal to it and OpenAIError the base of all. */
const EXCEPTIONS = `BadRequestError UnsupportedParamsError ContextWindowExceededError ContentPolicyViolationError ImageFetchError
  RejectedRequestError InvalidRequestError AuthenticationError PermissionDeniedError NotFoundError Timeout UnprocessableEntityError
  RateLimitError APIConnectionError APIError BadGatewayError ServiceUnavailableError InternalServerError APIResponseValidationError
  JSONSchemaValidationError BudgetExceededError`.split(/\s+/);

/** Where LiteLLM looks for keys. */
const KEYS = `openai:OPENAI_API_KEY anthropic:ANTHROPIC_API_KEY azure:AZURE_API_KEY gemini:GEMINI_API_KEY cohere:COHERE_API_KEY
  mistral:MISTRAL_API_KEY groq:GROQ_API_KEY deepseek:DEEPSEEK_API_KEY xai:XAI_API_KEY openrouter:OPENROUTER_API_KEY
  perplexity:PERPLEXITYAI_API_KEY together_ai:TOGETHERAI_API_KEY fireworks_ai:FIREWORKS_AI_API_KEY cerebras:CEREBRAS_API_KEY
  nvidia_nim:NVIDIA_NIM_API_KEY huggingface:HUGGINGFACE_API_KEY replicate:REPLICATE_API_KEY watsonx:WATSONX_APIKEY
  cloudflare:CLOUDFLARE_API_KEY ai21:AI21_API_KEY nlp_cloud:NLP_CLOUD_API_KEY aleph_alpha:ALEPH_ALPHA_API_KEY
  databricks:DATABRICKS_API_KEY deepinfra:DEEPINFRA_API_KEY voyage:VOYAGE_API_KEY jina_ai:JINA_AI_API_KEY`.split(/\s+/);

describe('from LiteLLM', () => {
  it('has a counterpart for every exception, exported and of that name', () => {
    const classes = new Map(litellm.map(([theirs, ours]) => [names(theirs)[0], names(ours)[0]]));
    expect(EXCEPTIONS.filter((name) => !/Error$/.test(classes.get(name) ?? ''))).toEqual([]);
    for (const name of EXCEPTIONS) expect(holdfast).toHaveProperty(classes.get(name) ?? '');
  });

  it('keeps the providers of its table of exceptions, and its other names', () => {
    const ids = new Set([...Object.keys(PROVIDERS), ...Object.keys(ALIASES)]);
    expect(TABLE.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(['hosted_vllm', 'llamafile', 'together_ai'].filter((name) => !ids.has(name))).toEqual([]);
  });

  it.each(KEYS.map((pair) => pair.split(':')))('%s reads its key from %s', async (id = '', name = '') => {
    expect((await PROVIDERS[id]?.())?.declares?.keys).toContain(name);
  });

  it('names attributes that errors have', () => {
    const error = new holdfast.RateLimitError({ message: 'x', provider: 'openai', model: 'm', status: 429 });
    const attributes = everything
      .flatMap((row) => row.slice(1).flatMap(names))
      .flatMap((name) => /^e\.(\w+)/.exec(name)?.[1] ?? []);
    expect(attributes).toContain('llmProvider');
    expect(attributes.filter((name) => !(name in error) && name !== 'partial')).toEqual([]);
  });
});

describe('all pages', () => {
  it('name options that the layers have', () => {
    const { circuitBreaker, fallback, retry, timeout } = holdfast;
    const layers: Readonly<Record<string, (options: object) => unknown>> = {
      retry,
      circuitBreaker,
      timeout,
      fallback: (options) => fallback([], options),
    };
    const named = everything
      .flat()
      .flatMap((cell) => [...cell.matchAll(/\b(retry|circuitBreaker|timeout|fallback)\((?:\[…\], )?\{ ([^}]+)\}/g)]);
    const options = named.flatMap(([, layer = '', list = '']) =>
      list.split(',').map((one) => [layer, one.split(':')[0]?.trim() ?? ''] as const),
    );
    expect(options.length).toBeGreaterThan(10);
    for (const [layer, option] of options) {
      if (option.startsWith("'")) continue;
      expect(() => layers[layer]?.({ [option]: undefined }), `${layer}({ ${option} })`).not.toThrow();
    }
    expect(() => layers.retry?.({ retries: undefined })).toThrow(/retries/);
  });

  it('name classes that are exported', () => {
    const classes = everything.flatMap((row) => row.slice(1).flatMap(names)).filter((name) => /^[A-Z]\w+Error$/.test(name));
    const ofOpenai = new Set(['APIError', 'TypeError']);
    expect(classes.filter((name) => !(name in holdfast) && !ofOpenai.has(name))).toEqual([]);
  });
});

describe('from the Vercel AI SDK', () => {
  it('names what it exports', () => {
    const left = rowsOf('docs/from-vercel-ai-sdk.md').flatMap(([theirs]) => names(theirs));
    const exported = left.filter((name) => /^[A-Z]\w+Error$|^(generate|stream|embed|rerank|create|wrap|custom)\w*$/.test(name));
    const own = new Set(['createOpenAICompatible']);
    expect(exported.length).toBeGreaterThan(12);
    expect(exported.filter((name) => !(name in ai) && !own.has(name))).toEqual([]);
    for (const name of ['isStepCount', 'tool', 'Output', 'simulateReadableStream']) expect(ai).toHaveProperty(name);
    expect(aiTest).toHaveProperty('MockLanguageModelV4');
  });
});
