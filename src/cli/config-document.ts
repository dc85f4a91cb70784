import { isScalar, LineCounter, parseDocument, visit } from 'yaml';

/** Where a value stands: keys and indexes from the top. */
export type Place = readonly PropertyKey[];

export interface Problem {
  readonly path: Place;
  readonly problem: string;
}

const REFERENCE = /\$\{(\w+)(?::-([^}]*))?\}/g;

/** A configuration in YAML or JSON, which is YAML too, that knows the line of each of its values. */
export class ConfigDocument {
  /** With environment variables put in. */
  readonly value: unknown;
  readonly #path: string;
  readonly #lines = new LineCounter();
  readonly #document: ReturnType<typeof parseDocument>;

  /** @throws Error naming every syntax error and every variable that is not set, with its line. */
  constructor(path: string, text: string, env: Readonly<Record<string, string | undefined>>) {
    this.#path = path;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    if (this.#document.errors.length > 0) {
      const lines = this.#document.errors.map(({ pos, message }) => `${this.#position(pos[0])} ${wordsOf(message)}`);
      throw new Error(lines.join('\n'));
    }
    this.#putIn(env);
    try {
      this.value = this.#document.toJS() ?? {};
    } catch (error) {
      throw new Error(`${path} ${wordsOf((error as Error).message)}`);
    }
  }

  /** One line per problem, each with its place in the file. */
  error(problems: readonly Problem[]): Error {
    const lines = problems.map(({ path, problem }) => `${this.#position(this.#offset(path))} ${nameOf(path)}: ${problem}`);
    return new Error(lines.join('\n'));
  }

  #putIn(env: Readonly<Record<string, string | undefined>>): void {
    const missing: string[] = [];
    visit(this.#document, {
      Scalar: (_, node) => {
        if (typeof node.value !== 'string') return;
        const text = node.value.replace(REFERENCE, (_reference, name: string, otherwise: string | undefined) => {
          const value = env[name];
          if (value !== undefined && value !== '') return value;
          if (otherwise !== undefined) return otherwise;
          missing.push(`${this.#position(node.range?.[0])} ${name} is not set`);
          return '';
        });
        node.value = node.type === 'PLAIN' && text !== node.value ? plain(text) : text;
      },
    });
    if (missing.length > 0) throw new Error(missing.join('\n'));
  }

  /** Of the value, or of the nearest one around it. */
  #offset(path: Place): number | undefined {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = depth === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, depth), true);
      if (isScalar(node) || (typeof node === 'object' && node !== null)) {
        return (node as { readonly range?: readonly number[] | null }).range?.[0];
      }
    }
    return undefined;
  }

  #position(offset: number | undefined): string {
    if (offset === undefined) return this.#path;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#path}:${line}:${col}`;
  }
}

/** What is wrong, without the text that is: a key may begin with a sign that YAML has its own idea of. */
const wordsOf = (message: string): string => message.replace(/: .*/s, '');

/** A text that was put in without quotes, as YAML reads it: a number or a truth stays one. */
function plain(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}

function nameOf(path: Place): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else name += name === '' ? String(part) : `.${String(part)}`;
  }
  return name === '' ? 'the configuration' : name;
}
