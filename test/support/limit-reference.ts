/** What the model is run with. */
export interface ReferenceRules {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly concurrency: number;
  readonly size: number;
  readonly timeout: number;
}

class Bucket {
  readonly #capacity: number;
  readonly perMs: number;
  #at: number;
  tokens: number;

  constructor(perMinute: number, now: number) {
    this.#capacity = perMinute;
    this.perMs = perMinute / 60_000;
    this.tokens = perMinute;
    this.#at = now;
  }

  add(tokens: number, now: number): void {
    this.tokens = Math.min(this.#capacity, this.tokens + (now - this.#at) * this.perMs);
    this.#at = now;
    this.tokens = Math.min(this.#capacity, this.tokens + tokens);
    if (Math.abs(this.tokens) < 1e-6) this.tokens = 0;
  }
}

interface Waiting {
  readonly id: number;
  readonly tokens: number;
  readonly due: number;
  readonly deadline: number;
  /** When what it took on credit is paid back. */
  requestsAt?: number;
  tokensAt?: number;
}

interface HeadWait {
  readonly for: 'concurrency' | 'requests' | 'tokens';
  /** When it may go, and before when it surely cannot. */
  readonly until: number;
  readonly surely: number;
}

/** What a limiter is, said as plainly as possible: two buckets, a list of those who run and a list of those who wait. */
export class Reference {
  readonly sent: number[] = [];
  readonly running: Map<number, number> = new Map();
  readonly outcomes: Map<number, string> = new Map();
  queue: Waiting[] = [];
  now: number;
  readonly #rules: ReferenceRules;
  readonly #requests: Bucket;
  readonly #tokens: Bucket;
  #headWaits: HeadWait | undefined;

  constructor(rules: ReferenceRules, now: number) {
    this.#rules = rules;
    this.now = now;
    this.#requests = new Bucket(rules.requestsPerMinute, now);
    this.#tokens = new Bucket(rules.tokensPerMinute, now);
  }

  come(id: number, tokens: number, deadline: number): void {
    const due = Math.min(deadline, this.now + this.#rules.timeout);
    const place = { id, tokens, due, deadline };
    const { length } = this.queue;
    if (tokens > this.#rules.tokensPerMinute) this.outcomes.set(id, 'over_limit');
    else if (length > 0 && length >= this.#rules.size) this.outcomes.set(id, 'queue_full');
    else if (length > 0 && this.#inVain(place, length)) this.outcomes.set(id, 'queue_timeout');
    else {
      this.queue.push(place);
      if (length === 0) this.#go();
    }
  }

  end(id: number, used: number): void {
    this.#tokens.add((this.running.get(id) ?? 0) - used, this.now);
    this.running.delete(id);
    if (this.queue.length > 0) this.#go();
  }

  leave(id: number): void {
    const place = this.queue.find((one) => one.id === id);
    if (place === undefined) return;
    const wasHead = this.queue[0] === place;
    this.#drop(place, 'aborted');
    if (wasHead) this.#go();
  }

  tick(ms: number): void {
    const target = this.now + ms;
    for (;;) {
      const moments = [
        ...this.queue.map(({ due }) => due),
        ...(this.queue.length > 0 ? [this.#headWaits?.until ?? target + 1] : []),
      ];
      const next = Math.min(...moments.map(Math.ceil));
      if (next > target) break;
      this.now = next;
      for (const place of [...this.queue]) {
        if (place.due <= next) this.#drop(place, place.due === place.deadline ? 'deadline' : 'queue_timeout');
      }
      this.#go();
    }
    this.now = target;
  }

  tokensLeft(): number {
    this.#tokens.add(0, this.now);
    return this.#tokens.tokens;
  }

  #go(): void {
    for (let head = this.queue[0]; head !== undefined; head = this.queue[0]) {
      const wait = this.#waitOf(head);
      if (wait === undefined) {
        this.queue.shift();
        this.running.set(head.id, head.tokens);
        this.sent.push(head.id);
        continue;
      }
      this.#headWaits = wait;
      const kept: Waiting[] = [];
      for (const place of [...this.queue]) {
        if (kept.length >= this.#rules.size) this.#drop(place, 'queue_full');
        else if (this.#inVain(place, kept.length)) this.#drop(place, 'queue_timeout');
        else kept.push(place);
      }
      if (this.queue[0] === head) return;
    }
    this.#headWaits = undefined;
  }

  #waitOf(head: Waiting): HeadWait | undefined {
    if (this.running.size >= this.#rules.concurrency) {
      return { for: 'concurrency', until: Number.POSITIVE_INFINITY, surely: this.now };
    }
    const requestsAt = this.#due(this.#requests, head.requestsAt, 1);
    if (requestsAt < head.due) head.requestsAt = this.#credit(this.#requests, head.requestsAt, 1, requestsAt);
    if (requestsAt > this.now) return { for: 'requests', until: requestsAt, surely: requestsAt };

    const returning = [...this.running.values()].reduce((sum, tokens) => sum + tokens, 0) / this.#tokens.perMs;
    const tokensAt = this.#due(this.#tokens, head.tokensAt, head.tokens);
    const surely = Math.max(this.now, tokensAt - returning);
    if (surely < head.due) head.tokensAt = this.#credit(this.#tokens, head.tokensAt, head.tokens, tokensAt);
    return tokensAt > this.now ? { for: 'tokens', until: tokensAt, surely } : undefined;
  }

  /** When a need is met, or a credit paid back; never later than it was thought before. */
  #due(bucket: Bucket, before: number | undefined, need: number): number {
    bucket.add(0, this.now);
    if (before !== undefined && before <= this.now) return before;
    const missing = (before === undefined ? need : 0) - bucket.tokens;
    const at = missing <= 0 ? this.now : this.now + Math.max(1, Math.ceil(missing / bucket.perMs - 1e-6));
    return Math.min(before ?? Number.POSITIVE_INFINITY, at);
  }

  #credit(bucket: Bucket, before: number | undefined, need: number, at: number): number {
    if (before === undefined) bucket.add(-need, this.now);
    return at;
  }

  #inVain(place: Waiting, ahead: number): boolean {
    const wait = this.#headWaits;
    if (wait === undefined) return false;
    const interval = wait.for === 'requests' ? ahead / this.#requests.perMs : 0;
    return Math.max(wait.surely, this.now) + interval >= place.due;
  }

  #drop(place: Waiting, outcome: string): void {
    this.queue = this.queue.filter((one) => one !== place);
    this.outcomes.set(place.id, outcome);
    if (place.requestsAt !== undefined) this.#requests.add(1, this.now);
    if (place.tokensAt !== undefined) this.#tokens.add(place.tokens, this.now);
  }
}
