/** What a model's name tells of its abilities. */
export interface ModelFamily {
  /** Without a path, in lower case. */
  readonly name: string;
  /**
   * 2.5 is 205, 3.6 is 306, `gemini-…-latest` is Infinity. NaN where the name does not tell (tuned models),
   * so that neither "at least 3" nor "before 3" holds.
   */
  readonly generation: number;
  readonly gemma: boolean;
}

export const GEMINI_3 = 300;
export const GEMINI_2_5 = 205;

export function familyOf(model: string): ModelFamily {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  return { name, generation: generationOf(name), gemma: name.startsWith('gemma') };
}

function generationOf(name: string): number {
  if (/^gemini-.*-latest$/.test(name) && !/^gemini-\d/.test(name)) return Number.POSITIVE_INFINITY;
  const version = /^gemini-(\d+)(?:\.(\d+))?(?![\d.])/.exec(name);
  // gemini-exp-1206 has no version; gemini-1206 would be no generation either
  if (version === null || Number(version[1]) > 99) return Number.NaN;
  return Number(version[1]) * 100 + Number(version[2] ?? 0);
}
