export interface OverflowNumbers {
  /** Tokens that the request needs, as the service counts. */
  readonly promptTokens?: number;
  /** Tokens that the model takes. */
  readonly maxTokens?: number;
}

const N = String.raw`(?<prompt>[\d,]{1,24})`;
const M = String.raw`(?<max>[\d,]{1,24})`;

const FORMS: readonly RegExp[] = [
  `${N} tokens > ${M} maximum`, // Anthropic
  String.raw`exceed context limit: ${N} \+ [\d,]+ > ${M}`, // Anthropic, with max_tokens
  String.raw`input token count \(${N}\) exceeds the maximum number of tokens allowed \(${M}\)`, // Gemini
  String.raw`\(${N} tokens\) exceeds the available context size \(${M} tokens\)`, // llama.cpp
  `maximum prompt length is ${M} but the request contains ${N}`, // xAI
  String.raw`maximum context length is ${M}.{0,40}?\([^)]{0,60}?${N} tokens\)`, // Cloudflare
  `maximum context length is ${M}.{0,60}?(?:requested|resulted in|has)(?: about| at least)? ${N}`, // OpenAI, vLLM, OpenRouter
  `prompt contains ${N} tokens.{0,40}?with ${M} maximum`, // Mistral
  `current length is ${N} while limit is ${M}`, // Cerebras
  String.raw`token limit: ${M} \(requested: ${N}\)`, // Moonshot
  `input length ${N} exceeds maximum input length ${M}`, // DeepInfra
  String.raw`\(${N} tokens\) is longer than the model'?s context length \(${M} tokens\)`, // Together
  `must be <= ${M}\\. given: ${N} \`inputs\``, // TGI
  String.raw`must have less than ${M} tokens\. given: ${N}`, // TEI
  `n_keep: ${N} >= n_ctx: ${M}`, // LM Studio
  `requested ${N} tokens, max ${M} tokens`, // OpenAI embeddings
  String.raw`too many tokens: ${N} \+ [\d,]+ > ${M}`, // AI21
  `token count of ${N} exceeds the limit of ${M}`, // Copilot
  `configured limit of ${M} tokens`, // Azure
  `maximum context length is ${M}`,
].map((form) => new RegExp(form, 'i'));

const numberIn = (digits: string | undefined): number | undefined => {
  const number = digits === undefined ? Number.NaN : Number(digits.replaceAll(',', ''));
  return Number.isSafeInteger(number) ? number : undefined;
};

/** The two numbers of an overflow, where the text has them. */
export function overflowNumbers(text: string): OverflowNumbers {
  for (const form of FORMS) {
    const groups = form.exec(text)?.groups;
    if (groups === undefined) continue;
    const promptTokens = numberIn(groups.prompt);
    const maxTokens = numberIn(groups.max);
    return { ...(promptTokens === undefined ? {} : { promptTokens }), ...(maxTokens === undefined ? {} : { maxTokens }) };
  }
  return {};
}
