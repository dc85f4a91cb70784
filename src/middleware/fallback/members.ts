import type { Call } from '../../contract/call.ts';
import type { FallbackTarget, PoolAsk, PoolMember } from '../../contract/pool.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import type { Stop } from './chain.ts';
import { nameOf } from './chain.ts';
import { mergeOptions } from './redirect.ts';

/**
 * Where a stop may lead: to itself, or to every member of its pool.
 *
 * @throws ConfigurationError when a member is no target of this client.
 */
export function placesOf(stop: Stop, call: Call): readonly Stop[] {
  const { pool } = stop.target;
  if (pool === undefined) return [stop];
  const ask: PoolAsk = { model: modelFor(stop, call), operation: call.operation, clock: call.clock };
  if (ask.model !== '' && hasName(stop) && pool.members.every(namesModel)) {
    throw wrongPool(stop, `every member names a model of its own; ask for "${stop.target.provider}"`);
  }
  const memberOf = hasName(stop) ? shownName(stop) : undefined;
  return pool.members.map((member, index) => {
    const target = call.resolve(nameOfMember(member, stop, ask.model));
    if (target.pool !== undefined) throw wrongPool(stop, `its member "${member.model}" is a pool itself`);
    const seat = { pool, index, ask, stop, others: false };
    return { target: { ...target, memberOf }, entry: merged(stop.entry, member), seat };
  });
}

/** A pool without a name stands in for the model that the caller asked for. */
function modelFor(stop: Stop, call: Call): string {
  return hasName(stop) ? stop.target.model : call.target.model;
}

function nameOfMember(member: PoolMember, stop: Stop, asked: string): string {
  if (namesModel(member)) return member.model;
  if (asked !== '') return `${member.model}/${asked}`;
  throw wrongPool(stop, `its member "${member.model}" names no model; ask for "${shownName(stop)}/<model>"`);
}

function merged(stop: FallbackTarget, member: PoolMember): FallbackTarget {
  const { params, providerOptions } = member;
  return {
    model: member.model,
    ...((stop.params ?? params) && { params: { ...stop.params, ...params } }),
    ...((stop.providerOptions ?? providerOptions) && { providerOptions: mergeOptions(stop.providerOptions, providerOptions) }),
  };
}

const namesModel = ({ model }: PoolMember): boolean => model.includes('/');

const hasName = ({ target }: Stop): boolean => target.provider !== '';

const shownName = (stop: Stop): string => (hasName(stop) ? nameOf(stop.target) : 'pool');

function wrongPool(stop: Stop, problem: string): ConfigurationError {
  const message = `${shownName(stop)}: ${problem}`;
  return new ConfigurationError({ message, code: 'wrong_pool', param: 'model' });
}
