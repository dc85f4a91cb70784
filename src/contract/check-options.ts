import * as z from 'zod/mini';
import { ConfigurationError } from '../errors/setup-errors.ts';
import type { Call } from './call.ts';
import type { Store } from './store.ts';

/**
 * Checks options that a user gave, once, when something is built. Returns a copy with defaults filled in; the user's own
 * object is neither kept nor changed.
 *
 * A schema's own text says what was expected: `z.number('a number of milliseconds ≥ 0')`. Without one it follows from the type.
 *
 * @param path Where the options stand, for example `retry` or `createClient.providers.openai`.
 * @throws ConfigurationError naming every wrong option: `retry.maxRetries: expected a whole number ≥ 0, got "3"`.
 */
export function checkOptions<S extends z.ZodMiniType>(schema: S, value: unknown, path: string): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  if (isCall(value)) throw uncalled(path);
  const findings = checked.error.issues.flatMap((issue) => explain(issue, [], { schema, value, root: path }));
  throw new ConfigurationError({
    message: findings.map((finding) => `${finding.path}: ${finding.problem}`).join('; '),
    code: 'wrong_option',
    param: findings[0]?.path,
  });
}

/** The known word that a mistyped one most likely means; `undefined` when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

const COUNT = 'a whole number ≥ 0';
const MILLISECONDS = 'a number of milliseconds ≥ 0';

/** How many: a whole number, 0 or more. */
export const count: z.ZodMiniType<number> = z.int(COUNT).check(z.gte(0, COUNT));

/** A span of time: finite, 0 or more. */
export const milliseconds: z.ZodMiniType<number> = z.number(MILLISECONDS).check(z.gte(0, MILLISECONDS));

/** A function of the user's; what it takes and returns is the compiler's business. */
export function callback<F>(): z.ZodMiniType<F> {
  return z.custom<F>((value) => typeof value === 'function', 'a function');
}

const PARTS = ['buckets', 'slots', 'cooldowns', 'spending', 'answers', 'circuits'] as const;

/** Where a layer keeps what it remembers. */
export const storeOption: z.ZodMiniType<Store> = z.custom<Store>(
  (value) => PARTS.every((part) => typeof (value as Store | null | undefined)?.[part] === 'object'),
  'a store, as memoryStore() makes them',
);

const isCall = (value: unknown): boolean => typeof (value as Partial<Call> | null | undefined)?.report === 'function';

/** A factory that stands in `use` itself gets a call for its options. */
const uncalled = (factory: string): ConfigurationError =>
  new ConfigurationError({
    message: `createClient.use holds ${factory} itself; call it: ${factory}()`,
    code: 'wrong_option',
    param: 'createClient.use',
  });

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

interface Subject {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
  readonly root: string;
}

interface Finding {
  readonly path: string;
  readonly problem: string;
}

function explain(issue: Issue, parent: Path, subject: Subject): Finding[] {
  const path: Path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(subject.schema, path);
    return issue.keys.map((key) => {
      const guess = nearest(key, known);
      const all = known.length > MOST_LISTED ? '' : `; known are ${known.map(quote).join(', ') || 'none'}`;
      const hint = guess === undefined ? all : `; did you mean "${guess}"?`;
      return { path: nameOf([...path, key], subject.root), problem: `unknown option${hint}` };
    });
  }
  if (issue.code === 'invalid_union' && issue.message === NO_TEXT) {
    const deeper = issue.errors.find((issues) => !issues.some(({ code, path }) => ANOTHER_THING.has(code) && path.length === 0));
    if (deeper !== undefined) return deeper.flatMap((inner) => explain(inner, path, subject));
  }
  const got = show(valueAt(subject.value, path), path, subject.root);
  return [{ path: nameOf(path, subject.root), problem: `expected ${expectation(issue)}, got ${got}` }];
}

const MOST_LISTED = 30;

/** Codes by which an alternative of a union says that the value is none of its sort. */
const ANOTHER_THING: ReadonlySet<string> = new Set(['invalid_type', 'custom']);

/** What zod/mini says when a schema has no text of its own (it ships without a locale). */
const NO_TEXT = 'Invalid input';

function expectation(issue: Issue): string {
  if (issue.message !== NO_TEXT) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => (typeof value === 'string' ? quote(value) : String(value))).join(' or ');
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
    case 'invalid_union':
      return [...new Set(issue.errors.flat().map(expectation))].join(' or ');
    default:
      return 'something else';
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  undefined: 'nothing',
  never: 'nothing',
};

const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' };

const LONGEST_SHOWN = 40;
const SECRET_NAME = /key|token|secret|password|credential|authorization|header|cookie/i;

/** `https://user:password@host` */
const CREDENTIALS = /\/\/[^/\s]*@/;

/** By its name, by what it holds, or because it stands where people put a key instead of settings. */
function maybeSecret(value: string, path: Path, root: string): boolean {
  const insteadOfSettings = root === 'createClient' && (path.length === 0 || (path.length === 2 && path[0] === 'providers'));
  return insteadOfSettings || CREDENTIALS.test(value) || path.some((part) => SECRET_NAME.test(String(part)));
}

function show(value: unknown, path: Path, root: string): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    return maybeSecret(value, path, root) || value.length > LONGEST_SHOWN ? 'a string' : quote(value);
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function nameOf(path: Path, root: string): string {
  let name = root;
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else name += /^[\w$-]+$/.test(String(part)) ? `.${String(part)}` : `[${quote(String(part))}]`;
  }
  return name;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}

/** The keys that the schema knows at a path; those of every alternative where there are several. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'readonly':
      return keysAt(def.innerType, path);
    case 'union':
      return [...new Set(def.options.flatMap((option) => keysAt(option, path)))];
    case 'array':
      return path.length === 0 ? [] : keysAt(def.element, path.slice(1));
    case 'record':
      return path.length === 0 ? recordKeys(def.keyType) : keysAt(def.valueType, path.slice(1));
    case 'object': {
      if (path.length === 0) return Object.keys(def.shape);
      const key = String(path[0]);
      const inner = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
      return inner === undefined ? [] : keysAt(inner, path.slice(1));
    }
    default:
      return [];
  }
}

function recordKeys(keyType: z.core.$ZodType): string[] {
  return [...(keyType._zod.values ?? [])].map(String);
}

const quote = (text: string): string => JSON.stringify(text);

/** Levenshtein's distance, given up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? limit;
}
