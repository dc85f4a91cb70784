import * as z from 'zod/mini';
import type { Call, FallbackTarget, Target } from '../../contract/call.ts';
import { checkOptions } from '../../contract/check-options.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';

/** Models in the order in which they are asked: `provider/model`, or with changes to the request. */
export type FallbackList = readonly (string | FallbackTarget)[];

/** A list for each model, `'*'` for every other. */
export type FallbackMap = Readonly<Record<string, FallbackList>>;

/** One place in a chain, as a client reads it. */
export interface Stop {
  readonly target: Target;
  readonly entry: FallbackTarget;
}

type Resolve = Call['resolve'];

const MODEL = "'provider/model'";
const PARAMS = 'parameters other than model and stream';

const modelName = z.string(MODEL).check(z.minLength(1, MODEL));

const params = z
  .record(z.string(), z.unknown())
  .check(z.refine((params) => !Object.hasOwn(params, 'model') && !Object.hasOwn(params, 'stream'), PARAMS));

const providerOptions = z.record(z.string(), z.optional(z.custom<object>(isObject, 'an object')));

export const listSchema: z.ZodMiniType<(string | FallbackTarget)[]> = z.array(
  z.union([
    modelName,
    z.strictObject({ model: modelName, params: z.optional(params), providerOptions: z.optional(providerOptions) }),
  ]),
) as z.ZodMiniType<(string | FallbackTarget)[]>;

const mapSchema = z.record(z.string(), listSchema);

/** A list of targets. Read once for each client; a wrong model name is found at the first call, not in the outage. */
export class Chain {
  readonly #entries: readonly FallbackTarget[];
  readonly #path: string;
  readonly #stops = new WeakMap<Resolve, readonly Stop[]>();

  /** @param list as the user gave it. @param path what it is called in messages. */
  constructor(list: unknown, path: string) {
    this.#entries = checkOptions(listSchema, list, path).map((entry) => (typeof entry === 'string' ? { model: entry } : entry));
    this.#path = path;
  }

  /** @throws ConfigurationError when an entry names no model of this client. */
  stops({ resolve }: Call): readonly Stop[] {
    if (this.#entries.length === 0) return NOWHERE;
    let stops = this.#stops.get(resolve);
    if (stops === undefined) {
      stops = this.#entries.map((entry, i) => ({ target: resolveAt(`${this.#path}[${i}]`, entry.model, resolve), entry }));
      this.#stops.set(resolve, stops);
    }
    return stops;
  }
}

/** Which chain belongs to a call: always the same, or the one of its model. */
export type ChainOf = (call: Call) => Chain;

/** @throws ConfigurationError when it is neither a list nor a map of lists. */
export function readChains(chains: unknown, path: string): ChainOf {
  if (Array.isArray(chains) || !isObject(chains)) {
    const chain = new Chain(chains, path);
    return () => chain;
  }
  const lists = new Map<string, Chain>();
  for (const [model, list] of Object.entries(checkOptions(mapSchema, chains, path))) {
    lists.set(model, new Chain(list, `${path}["${model}"]`));
  }
  const other = lists.get('*') ?? new Chain([], path);
  lists.delete('*');
  const byClient = new WeakMap<Resolve, ReadonlyMap<string, Chain>>();

  return ({ resolve, target }) => {
    let byTarget = byClient.get(resolve);
    if (byTarget === undefined) {
      byTarget = new Map([...lists].map(([model, chain]) => [nameOf(resolveAt(path, model, resolve)), chain]));
      byClient.set(resolve, byTarget);
    }
    return byTarget.get(nameOf(target)) ?? other;
  };
}

/** What a target is called, and what makes two targets the same. */
export function nameOf({ provider, model }: Target): string {
  return `${provider}/${model}`;
}

const NOWHERE: readonly Stop[] = [];

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function resolveAt(path: string, model: string, resolve: Resolve): Target {
  try {
    return resolve(model);
  } catch (error) {
    const reason = isLLMError(error) ? error.reason : String(error);
    throw new ConfigurationError({ message: `${path}: ${reason}`, param: path, cause: error });
  }
}
