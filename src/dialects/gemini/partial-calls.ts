import { isRecord } from '../chat-rules.ts';

type Fields = Record<string, unknown>;

interface OpenCall {
  /** The part that opened it, with its name and signature. */
  readonly part: Fields;
  readonly call: Fields;
  args: unknown;
  /** The path whose string goes on in the next piece. */
  growing: string | undefined;
}

const MOST_STEPS = 64;
const MOST_MEMBERS = 100_000;

/**
 * Puts function calls together whose arguments are streamed value by value (`partialArgs`, each with a JSONPath).
 * Parts of a call in the making are held back; the whole call stands where it is closed: by a piece that does not
 * continue, by the next call, or by the end of the candidate.
 */
export class PartialCalls {
  #open: OpenCall | undefined;

  /** The very candidate where no call is in the making. */
  join(candidate: Fields): Fields {
    const content = candidate.content;
    const parts: unknown = isRecord(content) ? content.parts : undefined;
    const ends = typeof candidate.finishReason === 'string';
    if (!Array.isArray(parts)) return this.#open === undefined || !ends ? candidate : withParts(candidate, this.#close());
    if (this.#open === undefined && !parts.some(isPiece)) return candidate;
    const joined = parts.flatMap((part: unknown) =>
      isRecord(part) && isRecord(part.functionCall) ? this.#add(part, part.functionCall) : [part],
    );
    return withParts(candidate, ends ? [...joined, ...this.#close()] : joined);
  }

  #add(part: Fields, call: Fields): unknown[] {
    const named = typeof call.name === 'string' && call.name !== '';
    if (named && !isPiece(part)) return [...this.#close(), part];
    const before = named ? this.#close() : [];
    if (named) this.#open = { part, call, args: undefined, growing: undefined };
    const open = this.#open;
    if (open === undefined) return before;
    const pieces: readonly unknown[] = Array.isArray(call.partialArgs) ? call.partialArgs : [];
    for (const piece of pieces) if (isRecord(piece)) addPiece(open, piece);
    return call.willContinue === true ? before : [...before, ...this.#close()];
  }

  #close(): unknown[] {
    const open = this.#open;
    if (open === undefined) return [];
    this.#open = undefined;
    const { willContinue: _, partialArgs: __, ...call } = open.call;
    return [{ ...open.part, functionCall: { ...call, args: open.args ?? call.args ?? {} } }];
  }
}

const isPiece = (part: unknown): boolean =>
  isRecord(part) &&
  isRecord(part.functionCall) &&
  (part.functionCall.willContinue === true || Array.isArray(part.functionCall.partialArgs));

const withParts = (candidate: Fields, parts: readonly unknown[]): Fields => ({
  ...candidate,
  content: { ...(isRecord(candidate.content) ? candidate.content : {}), parts },
});

function addPiece(open: OpenCall, piece: Fields): void {
  const { jsonPath } = piece;
  if (typeof jsonPath !== 'string') return;
  const steps = stepsOf(jsonPath);
  if (steps === undefined) return;
  const grows = open.growing === jsonPath;
  open.args = put(open.args, steps, 0, (before) => {
    const { stringValue, numberValue, boolValue } = piece;
    if (typeof stringValue === 'string') return grows && typeof before === 'string' ? before + stringValue : stringValue;
    if (numberValue !== undefined) return numberValue;
    if (boolValue !== undefined) return boolValue;
    return 'nullValue' in piece ? null : before;
  });
  open.growing = piece.willContinue === true ? jsonPath : undefined;
}

type Step = string | number;

/** `null` stands for `[]`, an array without a further member. */
function stepsOf(path: string): readonly (Step | null)[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: (Step | null)[] = [];
  for (const [, name, index, , quoted] of path.slice(1).matchAll(/\.([^.[\]]+)|\[(\d{0,6})\]|\[(['"])(.*?)\3\]/g)) {
    if (name !== undefined) steps.push(name);
    else if (quoted !== undefined) steps.push(quoted);
    else steps.push(index === '' || index === undefined ? null : Number(index));
  }
  return steps.length > MOST_STEPS ? undefined : steps;
}

function put(holder: unknown, steps: readonly (Step | null)[], at: number, value: (before: unknown) => unknown): unknown {
  if (at === steps.length) return value(holder);
  const step = steps[at] as Step | null;
  if (typeof step === 'string') {
    // no prototype, so that no name means anything
    const members: Fields = isRecord(holder) ? holder : Object.create(null);
    const member = put(members[step], steps, at + 1, value);
    if (member !== undefined) members[step] = member;
    return members;
  }
  const list: unknown[] = Array.isArray(holder) ? holder : [];
  if (step === null || step > Math.min(list.length, MOST_MEMBERS)) return list;
  const member = put(list[step], steps, at + 1, value);
  if (member !== undefined) list[step] = member;
  return list;
}
