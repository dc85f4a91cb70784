/** Names of a request's documents as Converse takes them: letters, digits, single spaces, `-()[]`, each used once. */
export class DocumentNames {
  readonly #used = new Set<string>();

  unique(filename: string): string {
    const clean = filename
      .replace(/\.[a-z0-9]+$/i, '')
      .replace(/[^a-zA-Z0-9()[\]-]+/g, ' ')
      .trim()
      .slice(0, 180);
    const name = clean === '' ? 'document' : clean;
    let unique = name;
    for (let n = 2; this.#used.has(unique); n++) unique = `${name} (${n})`;
    this.#used.add(unique);
    return unique;
  }
}
