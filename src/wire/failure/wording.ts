import type { UnderstoodFailure } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { isMarkup } from './plain-text.ts';

const MAX_TESTED = 4096;

/** A pattern that is narrow enough to stand for a kind, and whose text it is. */
type Phrase = readonly [pattern: RegExp, source: string];

/** Prompt and window do not fit. Sources are the senders; texts in `faults/mapping.md`, appendix, and the wire sheets. */
const OVERFLOW: readonly Phrase[] = [
  [/maximum context length/i, 'OpenAI, vLLM, Mistral, OpenRouter, DeepSeek'],
  [
    /exceeds? (?:the |this |its )?(?:model'?s? )?(?:available |configured |maximum )?context (?:window|size|length|limit)/i,
    'OpenAI Responses, Anthropic, llama.cpp, Ollama',
  ],
  [
    /exceeded (?:the |this )?(?:model'?s? )?(?:max(?:imum)? )?(?:context length|context window|token limit)/i,
    'Moonshot, Cloudflare',
  ],
  [/exceeded model token limit/i, 'Moonshot'],
  [/context (?:window|size|length|limit) (?:has been |is |was )?exceed(?:ed|s)/i, 'llama.cpp, LM Studio, MiniMax'],
  [/prompt (?:is )?too long|prompt ?超长/i, 'Anthropic, Fireworks, Z.ai'],
  [/input is too long for/i, 'Bedrock'],
  [/too many input tokens|prompt tokens \([\d,]+\) exceed model maximum|expected maxlength:/i, 'Bedrock'],
  [/input token count.{0,60}exceeds? the max|exceeds the maximum (?:number of tokens allowed|input tokens?)/i, 'Gemini'],
  [/input tokens exceeds? the (?:configured|model'?s?|maximum)/i, 'Azure, Bedrock'],
  [/maximum prompt length is/i, 'xAI'],
  [/reduce the length of (?:the |your )?(?:messages|prompt|input)/i, 'Groq, Cerebras'],
  [/requested input length [\d,]+ exceeds maximum input length/i, 'DeepInfra'],
  [/longer than the (?:maximum )?(?:model'?s? )?(?:context|model) length/i, 'Together, Ollama, vLLM'],
  [/greater than the context length|keep the first [\d,]+ tokens when/i, 'LM Studio'],
  [/`?inputs`? (?:tokens \+ `?max_new_tokens`? must be <=|must have less than [\d,]+ tokens)/i, 'TGI, TEI'],
  [/max_tokens must be at least 1, got -\d/i, 'vLLM: the window less the prompt is negative'],
  [/\(parameter=input_tokens, value=/i, 'vLLM'],
  [/token count of [\d,]+ exceeds the limit of [\d,]+/i, 'GitHub Copilot'],
  [/range of input length should be/i, 'DashScope'],
  [/total length of all messages is too long/i, 'Perplexity'],
  [/request too many tokens: [\d,]+ \+ [\d,]+ >|prompt has too many tokens/i, 'AI21'],
  [/too many tokens: (?:total number|size limit|minimal context|multi-hop|prompt)/i, 'Cohere'],
  [/context length is only [\d,]+ tokens|prompt has [\d,]+ tokens?, but the configured context size/i, 'local servers (pi-mono)'],
  [/input text length should not exceed/i, 'NLP Cloud'],
  [/request body too large for .{1,80}? model\. max size: [\d,]+ tokens/i, 'GitHub Models on Azure'],
  [/requested [\d,]+ tokens, max [\d,]+ tokens per request/i, 'OpenAI embeddings'],
  [/input is too large to process\. increase the physical batch size/i, 'llama.cpp embeddings'],
  [/number of input tokens [\d,]+ cannot exceed/i, 'watsonx'],
];
const NOT_OVERFLOW =
  /rate.?limit|too many requests|tokens per min|\((?:TPM|RPM|TPD)\)|max_tokens must be (?!at least 1, got -)|maximum allowed number of output tokens|^throttling/i;

const POLICY: readonly Phrase[] = [
  [/content exists risk/i, 'DeepSeek'],
  [/(?:may )?contains? inappropriate content|data may contain inappropriate/i, 'DashScope'],
  [/violates? (?:our )?(?:usage|safety|content) (?:guidelines|polic)/i, 'xAI'],
  [/violating our (?:usage|content) polic/i, 'OpenAI'],
  [/content management policy/i, 'Azure'],
  [/(?:was|were|been|is) flagged (?:as|by|for)\b/i, 'OpenAI, Replicate, OpenRouter moderation'],
  [/new_sensitive|sensitive content|contains sensitive/i, 'MiniMax, Z.ai'],
  [/rejected as a result of (?:our|the) safety system|not allowed by our safety system/i, 'OpenAI images'],
  [/blocked by (?:the |our )?content filter|content filtering policy/i, 'Anthropic, Vertex'],
  [/prohibited content/i, 'gateways before Gemini'],
];
const NOT_POLICY = /error in guardrail evaluation|tool[_ ]use|rate.?limit/i;

const MONEY: readonly Phrase[] = [
  [
    /insufficient (?:\w+ or \w+ )?(?:account )?(?:balance|credits?|quota|funds)/i,
    'DeepSeek, OpenRouter, Hyperbolic, Venice, Z.ai',
  ],
  [/exceeded your current quota/i, 'OpenAI, Perplexity'],
  [/credit limit exceeded|credit balance is too low/i, 'Together, Anthropic'],
  [/requires more credits|(?:purchase|add|buy) (?:more )?credits/i, 'OpenRouter, xAI'],
  [/account balance is|positive balance/i, 'Chutes, DeepInfra'],
  [
    /overdue (?:balance|payment)|account (?:\S{1,60} )?(?:is|has been) suspended|in good standing/i,
    'Volcengine, Fireworks, Moonshot, DashScope',
  ],
  [/specified api usage limits/i, 'Anthropic'],
  [/usage limit (?:reached|exceeded)|package has expired/i, 'Z.ai'],
  [
    /(?:daily |weekly |monthly )?(?:spend(?:ing)?|billing|budget) limit (?:has been )?(?:reached|exceeded)|reached (?:its|your) (?:monthly|daily) spending limit/i,
    'xAI, Databricks, Anthropic',
  ],
  [/(?:depleted|exceeded) your monthly (?:included )?credits/i, 'Hugging Face'],
  [
    /(?:doesn't|don't|does not) have any credits|run out of credits|used all available credits|credits (?:are|is|were) depleted/i,
    'xAI, Gemini prepay',
  ],
  [/budget has been exceeded|over budget/i, 'LiteLLM proxy'],
  [/free (?:allocation|quota has been exhausted)/i, 'Cloudflare, DashScope'],
  [/余额不足|欠费|额度/, 'Chinese hosts'],
];
const NOT_MONEY =
  /\bper[- ](?:minute|hour|day)\b|\bfree-models-per|requests? rate|googleapis\.com|ai\.google\.dev|reduced rate limits/i;

const RATE: readonly Phrase[] = [
  [/rate limit (?:is |has been |was )?(?:exceeded|reached)/i, 'Fireworks (as 400), Groq'],
  [/exceeded (?:the |your )?(?:\w+ ){0,4}rate limit/i, 'Azure, Databricks'],
  [/too many requests/i, 'gateways'],
  [/service tier capacity exceeded/i, 'Mistral'],
  [/request rate increased too quickly/i, 'DashScope'],
  [/tokens per min(?:ute)? \(TPM\)/i, 'OpenAI, Groq'],
];

const MISSING: readonly Phrase[] = [
  [
    /\b(?:model|deployment|endpoint)\b:? ?[`'"]?[\w./:@+-]*[`'"]? (?:does not exist|doesn't exist|(?:is |was )?not found|not exist|has been (?:decommissioned|deprecated|removed|retired)|was removed|has reached its end of life)/i,
    'OpenAI, vLLM, Ollama, Groq, NVIDIA, DeepSeek, Cohere',
  ],
  [
    /unknown model|not a valid model id|no such model|not found the model|model not exist/i,
    'MiniMax, OpenRouter, Cloudflare, Moonshot, DeepSeek',
  ],
  [/model identifier is invalid/i, 'Bedrock'],
  [/endpoint \S+ of account \S+ not found/i, 'SageMaker'],
  [/model is not supported by any provider/i, 'Hugging Face router'],
  [/please check the model you provided/i, 'Baseten'],
  [/specified version does not exist/i, 'Replicate'],
  [/no route for that uri/i, 'Cloudflare'],
  [/^invalid model\b/i, 'Perplexity, Mistral'],
];

const CREDENTIAL: readonly Phrase[] = [
  [
    /(?:incorrect|invalid|bad) (?:x-)?api[- ]key|api key (?:is )?(?:not valid|invalid|expired)/i,
    'xAI and Gemini (as 400), OpenAI',
  ],
];

const UNAVAILABLE: readonly Phrase[] = [
  [/\boverloaded\b|infra_overload|experiencing high (?:demand|traffic)/i, 'OpenAI, Google, Chutes'],
  [/(?:is currently|currently) loading|loading model|model is unloaded/i, 'Hugging Face, llama.cpp, LM Studio'],
  [/service is (?:currently|temporarily) unavailable|temporarily (?:unavailable|out of capacity)/i, 'xAI (in a 200), Vertex'],
  [
    /server busy|no instances available|capacity temporarily exceeded|under maintenance|degraded function/i,
    'Ollama, Chutes, Cloudflare, NVIDIA',
  ],
  [/more cpu capacity or memory/i, 'SageMaker'],
];

const SERVER_TIMEOUT: readonly Phrase[] = [
  [/\btimed out\b|operation was timeout|deadline expired before/i, 'Azure, TGI, Google batch'],
];

const says = (phrases: readonly Phrase[], text: string): boolean => phrases.some(([pattern]) => pattern.test(text));

export const saysOverflow = (text: string): boolean => says(OVERFLOW, text) && !NOT_OVERFLOW.test(text);
export const saysPolicy = (text: string): boolean => says(POLICY, text) && !NOT_POLICY.test(text);
export const saysMoney = (text: string): boolean => says(MONEY, text) && !NOT_MONEY.test(text);

/** Statuses that leave open what is meant: the text may say. */
const OPEN = (status: number | undefined): boolean =>
  status === undefined || (status >= 400 && status < 500 && ![401, 402, 403, 404, 408, 409, 410, 422, 429].includes(status));

/**
 * What the text alone says. Overflow, policy and money count at every status but 401 and 403 (some hosts send an overflow
 * as 500 or 502); everything else only where the status says little.
 */
export function byWording(failure: UnderstoodFailure): ErrorKind | undefined {
  const { status } = failure;
  if (status === 401 || status === 403 || isMarkup(failure.text)) return undefined;
  const text = failure.message.slice(0, MAX_TESTED);
  if (text === '') return undefined;
  if (saysOverflow(text)) return 'context_window_exceeded';
  if (saysPolicy(text)) return 'content_policy_violation';
  if (saysMoney(text)) return 'insufficient_credits';
  if ((OPEN(status) || status === 422) && says(MISSING, text)) return 'not_found';
  if (!OPEN(status)) return undefined;
  if (says(RATE, text)) return 'rate_limit';
  if (says(CREDENTIAL, text)) return 'authentication';
  if (says(UNAVAILABLE, text)) return 'service_unavailable';
  return says(SERVER_TIMEOUT, text) ? 'timeout' : undefined;
}
