import * as z from 'zod/mini';
import type { Call, FallbackTarget, Target } from '../../contract/call.ts';
import { checkOptions } from '../../contract/check-options.ts';
import type { PoolAsk, TargetPool } from '../../contract/pool.ts';
import { isPool } from '../../contract/pool.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { targetForms } from './entry.ts';

/** Models in the order in which they are asked: `provider/model`, with changes to the request, or a `pool()` of several. */
export type FallbackList = readonly (string | FallbackTarget | TargetPool)[];

/** A list for each model, `'*'` for every other. */
export type FallbackMap = Readonly<Record<string, FallbackList>>;

/** One place in a chain, as a client reads it. */
export interface Stop {
  /** With a `pool`: one of its members. */
  readonly target: Target;
  readonly entry: FallbackTarget;
  readonly seat?: Seat | undefined;
}

/** The place of a target in a pool. */
export interface Seat {
  readonly pool: TargetPool;
  readonly index: number;
  readonly ask: PoolAsk;
  /** Where the pool stands in the chain. */
  readonly stop: Stop;
  /** Whether other members can still be asked. */
  readonly others: boolean;
}

type Resolve = Call['resolve'];

type Entry = FallbackList[number];

export const listSchema: z.ZodMiniType<Entry[]> = z.array(
  z.union([...targetForms, z.custom<TargetPool>(isPool, 'a pool')]),
) as z.ZodMiniType<Entry[]>;

const mapSchema = z.record(z.string(), listSchema);

/** A list of targets. Read once for each client; a wrong model name is found at the first call, not in the outage. */
export class Chain {
  readonly #entries: readonly (FallbackTarget | TargetPool)[];
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
      stops = this.#entries.map((entry, i) => stopAt(`${this.#path}[${i}]`, entry, resolve));
      this.#stops.set(resolve, stops);
    }
    return stops;
  }
}

/** Which chain belongs to a call: always the same, or the one of its model. */
export type ChainOf = (call: Call) => Chain;

/** @throws ConfigurationError when it is neither a list nor a map of lists. */
export function readChains(chains: unknown, path: string): ChainOf {
  if (Array.isArray(chains) || isPool(chains) || !isObject(chains)) {
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
  return model === '' ? provider : `${provider}/${model}`;
}

const NOWHERE: readonly Stop[] = [];

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function stopAt(path: string, entry: FallbackTarget | TargetPool, resolve: Resolve): Stop {
  if (!isPool(entry)) return { target: resolveAt(path, entry.model, resolve), entry };
  for (const { model } of entry.members) resolveAt(path, model.includes('/') ? model : `${model}/any`, resolve);
  return { target: { provider: '', model: '', baseURL: '', pool: entry }, entry: { model: '' } };
}

function resolveAt(path: string, model: string, resolve: Resolve): Target {
  try {
    return resolve(model);
  } catch (error) {
    const reason = isLLMError(error) ? error.reason : String(error);
    throw new ConfigurationError({ message: `${path}: ${reason}`, param: path, cause: error });
  }
}
