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
  const value = parse(candidate) ?? parse(candidate.replaceAll('\\"', '"')) ?? parse(jsonOfPython(candidate));
  if (value !== undefined) return { value, codes };
  return { value: undefined, codes: [...quotedCodes(scanned.slice(start)), ...codes] };
}

const PYTHON_TOKENS = /'((?:[^'\\]|\\.)*)'|"(?:[^"\\]|\\.)*"|\b(?:None|True|False)\b/gs;
const WORDS: Readonly<Record<string, string>> = { None: 'null', True: 'true', False: 'false' };

/** What Python prints of an error's body, as JSON. A list of wrong fields quotes what the caller wrote and stays words. */
const jsonOfPython = (literal: string): string =>
  (/'loc'\s*:/.test(literal) ? '' : literal).replace(PYTHON_TOKENS, (token, single: string | undefined) => {
    if (Object.hasOwn(WORDS, token)) return WORDS[token] as string;
    const text = single === undefined ? token.slice(1, -1) : single.replace(/\\.|"/gs, (part) => (part === '"' ? '\\"' : part));
    return `"${text.replace(/\\'/g, "'").replace(/\\x([0-9a-f]{2})/gi, '\\u00$1')}"`;
  });

function parse(candidate: string): object | undefined {
  try {
    const value: unknown = JSON.parse(candidate);
    if (typeof value !== 'object' || value === null) return undefined;
    // a list of names in a sentence is no body
    return Array.isArray(value) && typeof value[0] !== 'object' ? undefined : value;
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
