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

/** What a limiter is, said as plainly as possible: two buckets, a list of those who run and a list of those who wait. */
export class Reference {
  readonly sent: number[] = [];
  readonly running = new Map<number, number>();
  readonly outcomes = new Map<number, string>();
  queue: Waiting[] = [];
  now: number;
  readonly #rules: ReferenceRules;
  readonly #requests: Bucket;
  readonly #tokens: Bucket;
  #headWaits: { readonly for: string; readonly until: number; readonly surely: number } | undefined;

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
      const moments = [...this.queue.map(({ due }) => due), ...(this.queue.length > 0 ? [this.#headWaits?.until ?? target + 1] : [])];
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

  #waitOf(head: Waiting): { for: string; until: number; surely: number } | undefined {
    if (this.running.size >= this.#rules.concurrency) {
      return { for: 'concurrency', until: Number.POSITIVE_INFINITY, surely: this.now };
    }
    head.requestsAt = this.#credit(this.#requests, head.requestsAt, 1, head.due, 0);
    if (head.requestsAt > this.now) return { for: 'requests', until: head.requestsAt, surely: head.requestsAt };
    const returning = [...this.running.values()].reduce((sum, tokens) => sum + tokens, 0) / this.#tokens.perMs;
    head.tokensAt = this.#credit(this.#tokens, head.tokensAt, head.tokens, head.due, returning);
    if (head.tokensAt <= this.now) return undefined;
    return { for: 'tokens', until: head.tokensAt, surely: Math.max(this.now, head.tokensAt - returning) };
  }

  /** Takes what is needed, into debt if need be; when that is paid back. Not where it would surely be too late. */
  #credit(bucket: Bucket, since: number | undefined, need: number, due: number, returning: number): number {
    bucket.add(0, this.now);
    if (since !== undefined && since <= this.now) return since;
    const missing = since === undefined ? need - bucket.tokens : -bucket.tokens;
    const wait = missing <= 0 ? 0 : Math.max(1, Math.ceil(missing / bucket.perMs - 1e-6));
    if (since !== undefined) return Math.min(since, this.now + wait);
    if (this.now + Math.max(0, wait - returning) < due || wait === 0) bucket.add(-need, this.now);
    else this.#unclaimed = this.now + wait;
    return this.now + wait;
  }

  /** The last credit that was not given. */
  #unclaimed: number | undefined;

  #inVain(place: Waiting, ahead: number): boolean {
    const wait = this.#headWaits;
    if (wait === undefined) return false;
    const interval = wait.for === 'requests' ? ahead / this.#requests.perMs : 0;
    return Math.max(wait.surely, this.now) + interval >= place.due;
  }

  #drop(place: Waiting, outcome: string): void {
    this.queue = this.queue.filter((one) => one !== place);
    this.outcomes.set(place.id, outcome);
    const given = (at: number | undefined): boolean => at !== undefined && at !== this.#unclaimed;
    if (given(place.requestsAt)) this.#requests.add(1, this.now);
    if (given(place.tokensAt)) this.#tokens.add(place.tokens, this.now);
    this.#unclaimed = undefined;
  }
}
