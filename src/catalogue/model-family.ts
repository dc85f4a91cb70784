/** How models of one family split text and count media. */
export interface ModelFamily {
  readonly maker: 'openai' | 'anthropic' | 'google' | 'other';
  /** Their tokens for one of `o200k_base`. */
  readonly ratio: number;
  /** The vocabulary that comes closest. */
  readonly encoding: 'o200k_base' | 'cl100k_base';
  /** From Claude 4.7 and Gemini 3 on media are seen in more detail. */
  readonly recent: boolean;
}

/**
 * Ratios are from texts and tables that were counted by the services themselves (data set `JOHNISKING/pdf-token-cost`): Claude up to
 * 4.6 takes 1.09 to 1.14 times OpenAI's tokens, since 4.7 1.45 to 1.58 times, Gemini 0.99 to 1.24 times.
 */
export function familyOf(model: string): ModelFamily {
  const name = model.toLowerCase();
  if (name.includes('claude')) {
    const recent = versionOf(name, 'claude') >= 4.07;
    return { maker: 'anthropic', ratio: recent ? 1.5 : 1.12, encoding: 'o200k_base', recent };
  }
  if (/gemini|gemma/.test(name)) {
    return { maker: 'google', ratio: 1.1, encoding: 'o200k_base', recent: versionOf(name, 'gemini') >= 3 };
  }
  if (/(?:^|[./-])(?:gpt|o[1-9]|chatgpt|codex|text-embedding|davinci|babbage)/.test(name)) {
    const old = /gpt-3|gpt-35|gpt-4(?![o.])|text-embedding|davinci|babbage/.test(name) && !name.includes('gpt-4o');
    return { maker: 'openai', ratio: 1, encoding: old ? 'cl100k_base' : 'o200k_base', recent: versionOf(name, 'gpt') >= 5.04 };
  }
  return { maker: 'other', ratio: 1.1, encoding: 'o200k_base', recent: true };
}

/** `claude-opus-4-7` is 4.07, `claude-3-5-sonnet-20241022` is 3.05, `gemini-2.5-pro` is 2.05; 0 where there is none. */
function versionOf(name: string, family: string): number {
  const found = /(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(name.slice(name.indexOf(family) + family.length));
  return found === null ? 0 : Number(found[1]) + Number(found[2] ?? 0) / 100;
}
