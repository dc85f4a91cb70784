import type { Call } from '../../contract/call.ts';
import type { PoolTurn } from '../../contract/pool.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { AbortError, TimeoutError } from '../../errors/wire-errors.ts';
import type { Seat, Stop } from './chain.ts';
import { nameOf } from './chain.ts';
import { placesOf } from './members.ts';
import { Overflow } from './overflow.ts';
import { redirect } from './redirect.ts';

/** The chains that one call may move along. */
export interface Ways {
  readonly general: readonly Stop[];
  readonly contextWindow: readonly Stop[] | undefined;
  readonly contentPolicy: readonly Stop[] | undefined;
  readonly when: ((error: LLMError, call: Call) => boolean) | undefined;
  /** Whether a stream that breaks is gone on with. */
  readonly resume: boolean;
}

/** The way of one call from target to target. Made when the call leaves its first target, never shared. */
export class Route {
  readonly #call: Call;
  readonly #ways: Ways;
  readonly #asked = new Set<string>();
  /** Names of models that were too small, without their hosts: the same model is no larger elsewhere. */
  readonly #tooSmall = new Set<string>();
  readonly #overflow = new Overflow();
  /** Members of pools that were taken and not asked yet. */
  readonly #taken = new Map<Stop, PoolTurn>();
  #ahead: readonly Stop[];

  /** @param call the caller's own. */
  constructor(call: Call, ways: Ways) {
    this.#call = call;
    this.#ways = ways;
    this.#ahead = call.target.pool === undefined ? ways.general : [ownStop(call), ...ways.general];
  }

  /** Where to begin: at the call's own target, or at the best member of its pool. */
  async first(): Promise<Stop> {
    const own = ownStop(this.#call);
    return own.target.pool === undefined ? own : this.#take(await this.#placesAt(own));
  }

  /** An attempt at a stop begins; `undefined` where it is no member of a pool. */
  begin(stop: Stop): PoolTurn | undefined {
    const turn = this.#taken.get(stop) ?? stop.seat?.pool.begin(stop.seat.index, stop.seat.ask);
    this.#taken.delete(stop);
    return turn;
  }

  /** A stop is not asked after all. */
  leave(stop: Stop): void {
    this.#taken.get(stop)?.ended();
    this.#taken.delete(stop);
  }

  /**
   * Where to go after `call` failed with `error`; `undefined` when the way ends here.
   *
   * @throws AbortError or TimeoutError (`deadline`) when the caller or the clock has ended the call.
   */
  async after(error: LLMError, call: Call, { seat }: Stop): Promise<Stop | undefined> {
    const isPrimary = this.#asked.size === 0;
    this.#asked.add(nameOf(call.target));
    if (endsTheCall(error)) throw error;
    const movesOn = this.#movesOn(error, call);
    if (!movesOn && !(seat !== undefined && OF_THE_MEMBER.has(error.kind))) return undefined;
    const places = movesOn ? await this.#nextPlaces() : await this.#placesAt(seat?.stop as Stop);
    const reason = SKIPPED[error.kind];
    const isLast = places.length === 0;
    if ((reason !== undefined || !movesOn) && !(isLast && isPrimary)) {
      const { report, target } = call;
      if (reason !== undefined) report({ type: 'skipped', target, reason, error });
      report({ type: 'warning', target, message: `${nameOf(target)} was skipped: ${error.reason}` });
    }
    if (isLast) return undefined;
    refuseWhenOver(error, call);
    if (call.trail.attemptsLeft <= 0) {
      call.report({ type: 'skipped', target: (places[0] as Stop).target, reason: 'attempts' });
      return undefined;
    }
    const next = this.#take(places);
    call.report({ type: 'fallback', from: call.target, to: next.target, error });
    return next;
  }

  #movesOn(error: LLMError, call: Call): boolean {
    const { contextWindow, contentPolicy } = this.#ways;
    if (SKIPPED[error.kind] !== undefined) return true;
    if (error.kind === 'context_window_exceeded') {
      this.#overflow.learn(error);
      if (contextWindow === undefined) {
        this.#tooSmall.add(familiarName(call.target.model));
        return this.#isWilling(error, call);
      }
      this.#ahead = contextWindow;
      return true;
    }
    if (error.kind === 'content_policy_violation') {
      if (contentPolicy === undefined) return false;
      this.#ahead = contentPolicy;
      return true;
    }
    return this.#isWilling(error, call);
  }

  #isWilling(error: LLMError, call: Call): boolean {
    const { when = movesOnByDefault } = this.#ways;
    try {
      return when(error, call);
    } catch (thrown) {
      const message = `fallback.when threw (${String(thrown)}); the ${error.kind} error does not move on`;
      call.report({ type: 'warning', target: call.target, message });
      return false;
    }
  }

  async #nextPlaces(): Promise<readonly Stop[]> {
    for (const stop of this.#ahead) {
      const places = await this.#placesAt(stop);
      if (places.length > 0) return places;
    }
    return [];
  }

  /** The places of a stop that were not asked yet and are not known to be too small. */
  async #placesAt(stop: Stop): Promise<readonly Stop[]> {
    const open: Stop[] = [];
    for (const place of placesOf(stop, this.#call)) {
      const name = nameOf(place.target);
      if (this.#asked.has(name)) continue;
      if (await this.#isTooSmall(place)) {
        this.#asked.add(name);
        this.#call.report({ type: 'skipped', target: place.target, reason: 'too_small' });
      } else open.push(place);
    }
    return open;
  }

  /** The best of some places. A member is taken and counted in one step: calls at once would all find the same one idle. */
  #take(places: readonly Stop[]): Stop {
    const [first] = places as [Stop];
    if (first.seat === undefined) return first;
    const { pool, ask } = first.seat;
    const seats = places.map(({ seat }) => seat as Seat);
    const index = pool.choose(
      seats.map((seat) => seat.index),
      ask,
    );
    const chosen = places.find(({ seat }) => seat?.index === index) ?? first;
    const stop: Stop = { ...chosen, seat: { ...(chosen.seat as Seat), others: places.length > 1 } };
    this.#taken.set(stop, pool.begin(index, ask));
    return stop;
  }

  async #isTooSmall(place: Stop): Promise<boolean> {
    if (this.#tooSmall.has(familiarName(place.target.model))) return true;
    return this.#overflow.excludes(redirect(this.#call, place));
  }
}

const ownStop = ({ target }: Call): Stop => ({ target, entry: { model: target.model } });

/** Whether an error moves a call on unless the user says otherwise: not when the same request would fail the same way elsewhere. */
function movesOnByDefault(error: LLMError): boolean {
  return !STAYS.has(error.kind);
}

const STAYS: ReadonlySet<ErrorKind> = new Set([
  'bad_request',
  'unprocessable_entity',
  'authentication',
  'permission_denied',
  'aborted',
]);

/** Failures of one member of a pool that say nothing of the others, which have keys and circuits of their own. */
const OF_THE_MEMBER: ReadonlySet<ErrorKind> = new Set(['circuit_open', 'authentication', 'permission_denied']);

/** Failures of a target that was never asked. */
const SKIPPED: { readonly [K in ErrorKind]?: 'configuration' | 'unsupported' } = {
  configuration: 'configuration',
  unsupported_params: 'unsupported',
  unsupported_operation: 'unsupported',
};

function endsTheCall(error: LLMError): boolean {
  return error.kind === 'aborted' || (error.kind === 'timeout' && error.phase === 'deadline');
}

function refuseWhenOver(error: LLMError, { signal, clock, deadline, target: { provider, model } }: Call): void {
  if (signal?.aborted) {
    throw new AbortError({ message: 'before the next target was asked', provider, model, cause: signal.reason });
  }
  if (clock.now() >= deadline) {
    const message = 'the deadline of the call has passed before the next target was asked';
    throw new TimeoutError({ message, phase: 'deadline', provider, model, cause: error });
  }
}

/** `anthropic/claude-sonnet-4-5` on a gateway is the `claude-sonnet-4-5` of its maker. */
function familiarName(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1).toLowerCase();
}
