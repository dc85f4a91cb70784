import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { openaiFailures } from '../../dialects/openai/failure.ts';
import { codeRule, statusRule, textRule } from '../../wire/failure/rules.ts';
import { dashscopeRules, minimaxRules, moonshotRules, volcengineRules, zaiRules } from './failures-asia.ts';
import { openrouterRules, portkeyRules, proxyRules, vercelRules } from './failures-gateways.ts';

/** 400 or 413 without a body is how an overflow ends here (pi-mono). */
const emptyOverflow: FailureRule = ({ status, message, text }) =>
  (status === 400 || status === 413) && message === '' && text.trim() === '' ? 'context_window_exceeded' : undefined;

/** Documented: 403 means that input and `max_tokens` exceed the window. With a text that says something else it is a permission. */
const windowAs403: FailureRule = ({ status, message }) =>
  status === 403 && (message === '' || /context length|longer than|too long|max_tokens|max_new_tokens/i.test(message))
    ? 'context_window_exceeded'
    : undefined;

/** xAI sends its sentence in `code` and details in `error`. */
const unavailableCode: FailureRule = ({ codes }) =>
  codes.some((code) => /currently unavailable|temporarily unavailable/i.test(code)) ? 'service_unavailable' : undefined;

const HOSTS: Readonly<Record<string, FailureSpec>> = {
  openai: openaiFailures,
  'text-completion-openai': openaiFailures,
  together_ai: {
    requestIdFields: ['id'],
    rules: [windowAs403, textRule(/non-serverless model/i, 'not_found', 400, 403, 404)],
  },
  groq: {
    rules: [
      codeRule({ rate_limit: 'capacity_exceeded', permission_denied: 'model_terms_required organization_restricted' }),
      statusRule(424, 'bad_request'),
    ],
  },
  xai: {
    rules: [
      textRule(
        /(?:any|used all available|run out of|purchase more|more) credits|spending limit|licenses yet/i,
        'insufficient_credits',
        400,
        402,
        403,
        429,
      ),
      textRule(/content violates (?:usage|safety) guidelines|failed check: safety_check/i, 'content_policy_violation'),
      textRule(/incorrect api key provided|\bunauthenticated:bad-credentials\b/i, 'authentication', 400, 401, 403),
      unavailableCode,
    ],
  },
  openrouter: { requestIdFields: ['id'], rules: openrouterRules },
  perplexity: { rules: [codeRule({ not_found: 'invalid_model' })] },
  fireworks_ai: {
    rules: [
      textRule(/\bis suspended\b|spending limit|past invoices/i, 'insufficient_credits', 412),
      textRule(/model not found, inaccessible/i, 'not_found'),
    ],
  },
  cerebras: { rules: [emptyOverflow, codeRule({ rate_limit: 'request_quota_exceeded token_quota_exceeded queue_exceeded' })] },
  nvidia_nim: {
    rules: [
      textRule(/degraded function cannot be invoked|worker local total request limit reached/i, 'service_unavailable'),
      textRule(/specified function in account/i, 'not_found', 400, 404),
    ],
  },
  sambanova: {
    rules: [
      codeRule({
        rate_limit: 'insufficient_quota queue_full', // both are rates here
        context_window_exceeded: 'context_length_exceeded',
        service_unavailable: 'maintenance',
        timeout: 'request_timeout',
      }),
    ],
  },
  deepinfra: { rules: [textRule(/model busy/i, { kind: 'rate_limit', retryable: true }, 429)] },
  novita: {
    rules: [
      codeRule({
        insufficient_credits: 'NOT_ENOUGH_BALANCE',
        authentication: 'INVALID_API_KEY FAILED_TO_AUTH',
        permission_denied: 'ACCESS_DENY',
        not_found: 'MODEL_NOT_FOUND',
        rate_limit: 'RATE_LIMIT_EXCEEDED TOKEN_LIMIT_EXCEEDED',
        service_unavailable: 'SERVICE_NOT_AVAILABLE',
      }),
    ],
  },
  chutes: {
    rules: [textRule(/under maintenance|infra_overload|no instances available/i, 'service_unavailable')],
  },
  databricks: {
    rules: [
      textRule(/spend limit exceeded/i, 'insufficient_credits'),
      codeRule({ rate_limit: 'REQUEST_LIMIT_EXCEEDED', not_found: 'RESOURCE_DOES_NOT_EXIST ENDPOINT_NOT_FOUND' }),
    ],
  },
  moonshot: { rules: moonshotRules },
  zai: { rules: zaiRules },
  dashscope: { rules: dashscopeRules },
  volcengine: { requestIdInWords: /\brequest id: ?([\w-]{8,80})/i, rules: volcengineRules },
  minimax: { rules: minimaxRules },
  vllm: {
    // the list repeats what the caller wrote, which may sound like anything
    rules: [textRule(/^\d+ validation errors?\b/i, 'bad_request', 400)],
  },
  llamacpp: {
    rules: [
      textRule(/increase the physical batch size/i, 'context_window_exceeded'),
      // how the server was started: the same request fails again
      textRule(/requires --jinja flag|(?:image|audio) input is not supported/i, 'bad_request', 500, 501),
    ],
  },
  lm_studio: {
    rules: [
      textRule(/\bmodel (?:has )?crashed\b/i, 'internal_server', 400),
      textRule(/no models? loaded/i, 'not_found', 400, 404),
    ],
  },
  litellm_proxy: { rules: proxyRules },
  portkey: { rules: portkeyRules },
  vercel_ai_gateway: { requestIdFields: ['generationId'], rules: vercelRules },
  ai21: {
    rules: [
      textRule(/bad or missing api token/i, 'authentication'),
      textRule(
        /\b(?:prompt|input|request|messages?)\b.{0,60}(?:too (?:long|many tokens)|exceeds?\b.{0,40}(?:context|maximum\b.{0,20}tokens?))/i,
        'context_window_exceeded',
        400,
        422,
      ),
    ],
  },
  voyage: {
    // a reduced rate, although the text speaks of a payment method
    rules: [
      statusRule(429, 'rate_limit'),
      textRule(/context (?:length|window)|max(?:imum)? (?:allowed )?tokens per/i, 'context_window_exceeded', 400),
    ],
  },
};

/** How an OpenAI-dialect host fails beyond the rules that all share; `undefined` for a host without peculiarities. */
export function hostFailures(id: string): FailureSpec | undefined {
  return Object.hasOwn(HOSTS, id) ? HOSTS[id] : undefined;
}
