import { chance } from '../../bench/storm/dice.ts';
import { promptOf, readRequest, WORDS, wordsOf } from '../../bench/storm/words.ts';
import type { ClientOptions, LLMClient } from '../../src/index.ts';
import type { Answer, FakeClock, RecordedRequest, Reply } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from './chained.ts';
import { FIRST, SECOND, startChained } from './chained.ts';

/** What `openai` does; every other provider is well. */
export type Sky = 'calm' | 'errors' | 'outage' | 'rate-limit' | 'cut-streams';

export interface Ended {
  readonly call: number;
  readonly text: string;
  readonly tookMs: number;
  readonly error?: unknown;
}

const EVERY_MS = 20;
const PER_WORD_MS = 5;
const SEED = 17;
const NO_CALL = -1;

/** A storm over loopback sockets, on a clock of its own: what happens is the same on every machine. */
export class Storm {
  sky: Sky = 'calm';
  readonly clock: FakeClock = fakeClock();
  /** What became of the calls, in the order in which they ended. */
  readonly ended: Ended[] = [];
  readonly #seen: number[] = [];
  readonly #attempts = new Map<number, number>();
  readonly #underWay = new Set<Promise<void>>();
  #next = 0;
  #rig: Chained | undefined;
  #llm: LLMClient | undefined;

  static async start(options: ClientOptions): Promise<Storm> {
    const storm = new Storm();
    const { clock } = storm;
    storm.#rig = await startChained({ clock, answer: (request) => storm.#answer(request) });
    storm.#llm = storm.#rig.client({ ...options, clock });
    // what is loaded at first calls takes real time
    for (const model of [FIRST, SECOND]) await storm.#loaded(storm.#call(NO_CALL, model));
    storm.ended.length = 0;
    return storm;
  }

  get rig(): Chained {
    if (this.#rig === undefined) throw new Error('not started');
    return this.#rig;
  }

  /** Makes calls in equal steps of time, whether or not earlier ones have ended. Their numbers. */
  async calls(count: number, everyMs: number = EVERY_MS): Promise<number[]> {
    const made: number[] = [];
    for (; made.length < count; await this.clock.advance(everyMs)) {
      made.push(this.#next);
      const running = this.#call(this.#next++, FIRST).finally(() => this.#underWay.delete(running));
      this.#underWay.add(running);
    }
    return made;
  }

  /** Lets time pass until every call has ended; fails when some never do. */
  async settled(withinMs: number): Promise<void> {
    for (let ms = 0; this.#underWay.size > 0; ms += 500) {
      if (ms > withinMs) throw new Error(`${this.#underWay.size} calls have not ended`);
      await this.clock.advance(500);
    }
  }

  /** Requests that reached `openai`, per call. */
  amplification(calls: readonly number[]): number {
    return this.#seen.filter((call) => calls.includes(call)).length / calls.length;
  }

  endOf(calls: readonly number[]): Ended[] {
    return this.ended.filter(({ call }) => calls.includes(call));
  }

  /** The states that the breaker of `openai` went through. */
  breaker(): string[] {
    const changes = this.rig.eventsOf('breaker-changed').filter(({ target }) => target.provider === 'openai');
    return changes.map(({ to }) => to);
  }

  async close(): Promise<void> {
    await this.#llm?.close();
  }

  async #call(call: number, model: string): Promise<void> {
    const startedAt = this.clock.now();
    let text = '';
    let failed = {};
    try {
      const messages = [{ role: 'user' as const, content: promptOf(call) }];
      const stream = await this.#llm?.chat.completions.create({ model, messages, stream: true });
      for await (const chunk of stream ?? []) text += chunk.choices[0]?.delta.content ?? '';
    } catch (error) {
      failed = { error };
    }
    this.ended.push({ call, text, tookMs: this.clock.now() - startedAt, ...failed });
  }

  async #loaded(call: Promise<void>): Promise<void> {
    let ended = false;
    call.finally(() => {
      ended = true;
    });
    while (!ended) await this.clock.advance(PER_WORD_MS);
  }

  #answer({ provider, body }: RecordedRequest): Answer {
    const request = readRequest(body);
    if (request === undefined) throw new Error('a request without the number of its call');
    const { call, said } = request;
    // one that goes on with what was said repeats two words of it every other time, as models do
    const first = said > 1 && call % 4 < 2 ? said - 1 : said + 1;
    const well = reply({ chunks: wordsOf(call, first), delayMs: PER_WORD_MS });
    if (provider !== 'openai') return well;
    this.#seen.push(call);
    const attempt = (this.#attempts.get(call) ?? 0) + 1;
    this.#attempts.set(call, attempt);
    return stormy(this.sky, chance(SEED, call, attempt), call, well);
  }
}

function stormy(sky: Sky, luck: number, call: number, well: Reply): Answer {
  const words = 1 + (call % (WORDS - 2));
  switch (sky) {
    case 'calm':
      return well;
    case 'errors':
      return luck < 0.5 ? fault.unavailable() : well;
    case 'outage':
      return fault.unavailable();
    case 'rate-limit':
      return luck < 0.7 ? fault.rateLimit({ retryAfterSeconds: 2 }) : well;
    case 'cut-streams':
      if (luck < 0.3) return fault.cutAfter(words, well);
      return luck < 0.4 ? fault.noTerminal({ chunks: wordsOf(call, 1, words) }) : well;
  }
}
