const MAX_SCANNED = 65_536;
const MAX_QUOTED = 8;

/** What a text holds besides words: a JSON value, and codes that are only readable by pattern. */
export interface Nested {
  readonly value: unknown;
  readonly codes: readonly string[];
}

const PLAIN: Nested = { value: undefined, codes: [] };

/**
 * Proxies and SDKs put the upstream's body into their own message: as JSON, as JSON escaped once more, as a Python
 * literal, behind the name of a LiteLLM class.
 */
export function nestedIn(text: string): Nested {
  const scanned = text.slice(0, MAX_SCANNED);
  const codes = litellmClass(scanned);
  const start = scanned.search(/[{[]\s*(?:\\?["']|\{)/);
  if (start === -1) return codes.length === 0 ? PLAIN : { value: undefined, codes };
  const end = Math.max(scanned.lastIndexOf('}'), scanned.lastIndexOf(']')) + 1;
  const candidate = end > start ? scanned.slice(start, end) : '';
  const value = parse(candidate) ?? parse(candidate.replaceAll('\\"', '"'));
  if (value !== undefined) return { value, codes };
  return { value: undefined, codes: [...quotedCodes(scanned.slice(start)), ...codes] };
}

function parse(candidate: string): object | undefined {
  try {
    const value: unknown = JSON.parse(candidate);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `litellm.RateLimitError: AnthropicException - …`, the form in which LiteLLM's proxy sends every failure. */
function litellmClass(text: string): string[] {
  return [...text.slice(0, 512).matchAll(/\blitellm\.([A-Z]\w{2,40})(?=:)/g)].map((match) => match[1] ?? '');
}

/** `{'error': {'code': 'context_length_exceeded'}}` (Python) or JSON that was cut. */
function quotedCodes(text: string): string[] {
  if (!/^\{\s*\\?['"]error\\?['"]/.test(text)) return [];
  const codes: string[] = [];
  for (const match of text
    .slice(0, 4096)
    .matchAll(/['"](?:code|type|status|error_type)\\?['"]\s*:\s*\\?['"]([\w.-]{3,80})\\?['"]/g)) {
    if (match[1] !== undefined && !/^[1-5]\d\d$/.test(match[1])) codes.push(match[1]);
    if (codes.length === MAX_QUOTED) break;
  }
  return codes;
}
