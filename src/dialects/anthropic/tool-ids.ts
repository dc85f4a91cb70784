/**
 * Ids of tool calls as Anthropic accepts them (`^[a-zA-Z0-9_-]+$`, each used once), the same in a call and its result.
 * Other providers' ids contain other characters, or start again with every turn.
 */
export class ToolIds {
  readonly #latest = new Map<string, string>();
  readonly #used = new Set<string>();

  /** For a tool call of the assistant. */
  call(id: string): string {
    const clean = cleaned(id);
    let unique = clean;
    for (let n = 2; this.#used.has(unique); n++) unique = `${clean}_${n}`;
    this.#used.add(unique);
    this.#latest.set(id, unique);
    return unique;
  }

  /** For a result: the id of the latest call with that name. */
  result(id: string): string {
    return this.#latest.get(id) ?? cleaned(id);
  }
}

const cleaned = (id: string): string => id.replace(/[^a-zA-Z0-9_-]/g, '_') || 'call';
