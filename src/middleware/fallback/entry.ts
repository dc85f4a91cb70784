import * as z from 'zod/mini';
import type { FallbackTarget, PoolMember } from '../../contract/pool.ts';

const MODEL = "'provider/model'";
const MEMBER = "'provider' or 'provider/model'";
const PARAMS = 'parameters other than model and stream';
const WEIGHT = 'a number above 0';

const named = (what: string): z.ZodMiniType<string> => z.string(what).check(z.minLength(1, what));

const changes = {
  params: z.optional(
    z
      .record(z.string(), z.unknown())
      .check(z.refine((params) => !Object.hasOwn(params, 'model') && !Object.hasOwn(params, 'stream'), PARAMS)),
  ),
  providerOptions: z.optional(z.record(z.string(), z.optional(z.custom<object>(isObject, 'an object')))),
};

/** A target of a chain: a string, or with changes to the request. */
export const targetForms: readonly [z.ZodMiniType<string>, z.ZodMiniType<FallbackTarget>] = [
  named(MODEL),
  z.strictObject({ model: named(MODEL), ...changes }) as z.ZodMiniType<FallbackTarget>,
];

const weight = z.custom<number>((value) => typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY, WEIGHT);

/** A member of a pool. */
export const memberSchema: z.ZodMiniType<string | PoolMember> = z.union([
  named(MEMBER),
  z.strictObject({ model: named(MEMBER), weight: z.optional(weight), ...changes }),
]) as z.ZodMiniType<string | PoolMember>;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
