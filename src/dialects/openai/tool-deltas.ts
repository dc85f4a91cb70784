import type { DecodeContext } from '../../contract/codec.ts';
import { jsonText } from '../../wire/json-text.ts';
import { isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';

/** Arguments as JSON text, whether a host sent text, an object, or nothing. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : jsonText(value);
}

/** An id or a type; Mistral writes `"null"` for none. */
export const idText = (value: unknown): string => (typeof value === 'string' && value !== 'null' ? value : '');

/** An id for a tool call that came without. */
export function newCallId({ call }: DecodeContext): string {
  let id = 'call_';
  while (id.length < 24) id += Math.floor(call.clock.random() * 36).toString(36);
  return id;
}

interface OpenCall {
  id: string;
  named: boolean;
}

/**
 * Mends the tool call parts of one choice's deltas so that `index` alone tells calls apart: missing or repeated indices,
 * missing ids, ids and names that come with every part, arguments as objects.
 */
export class ToolDeltas {
  readonly #context: DecodeContext;
  readonly #calls: OpenCall[] = [];
  /** Where parts with an index of the host's go. */
  readonly #places = new Map<number, number>();

  constructor(context: DecodeContext) {
    this.#context = context;
  }

  mend(parts: readonly unknown[]): Fields[] {
    const mended: Fields[] = [];
    for (const part of parts) if (isRecord(part)) mended.push(this.#mendPart(part));
    return mended;
  }

  #mendPart(part: Fields): Fields {
    const inner: Fields | undefined = isRecord(part.function) ? part.function : undefined;
    const id = idText(part.id);
    const name = typeof inner?.name === 'string' ? inner.name : '';
    const place = this.#placeOf(part.index, id, name);
    const known = this.#calls[place];
    part.index = place;
    if (inner === undefined) delete part.function;
    else if (inner.arguments !== undefined) inner.arguments = argumentsText(inner.arguments);
    if (known === undefined) {
      part.id = id === '' ? newCallId(this.#context) : id;
      part.type = idText(part.type) || 'function';
      this.#calls[place] = { id: String(part.id), named: name !== '' };
      return part;
    }
    delete part.id;
    if (inner !== undefined && (known.named || name === '')) delete inner.name;
    if (name !== '') known.named = true;
    return part;
  }

  #placeOf(index: unknown, id: string, name: string): number {
    const last = this.#calls.length - 1;
    if (typeof index === 'number') {
      const place = this.#places.get(index);
      const open = place === undefined ? undefined : this.#calls[place];
      const another = open !== undefined && id !== '' && id !== open.id && name !== '' && open.named;
      if (place !== undefined && !another) return place;
      this.#places.set(index, last + 1);
      return last + 1;
    }
    if (id !== '') {
      const same = this.#calls.findIndex((call) => call.id === id);
      return same === -1 ? last + 1 : same;
    }
    return last === -1 || (name !== '' && this.#calls[last]?.named === true) ? last + 1 : last;
  }
}
