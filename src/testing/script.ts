import type { Fault } from './fault.ts';
import type { RecordedRequest } from './journal.ts';
import type { Reply } from './reply.ts';
import { reply } from './reply.ts';

/** An answer to one request; a string is the text of a reply. */
export type Answer = Reply | Fault | string;

/** What can be enqueued: an answer, or a function that makes one when the request is there. */
export type ScriptItem = Answer | ((request: RecordedRequest) => Answer | Promise<Answer>);

/** The queues of what is to be answered, one per provider. Every request that is in order takes one item. */
export class Script {
  readonly #queues = new Map<string, ScriptItem[]>();
  readonly #fallback: ScriptItem;

  constructor(fallback: ScriptItem) {
    this.#fallback = fallback;
  }

  enqueue(provider: string, items: readonly ScriptItem[]): void {
    const queue = this.#queues.get(provider);
    if (queue === undefined) this.#queues.set(provider, [...items]);
    else queue.push(...items);
  }

  /** Takes the provider's next item; without one, the server's plain reply. */
  async next(provider: string, request: RecordedRequest): Promise<Reply | Fault> {
    const item = this.#queues.get(provider)?.shift() ?? this.#fallback;
    const answer = typeof item === 'function' ? await item(request) : item;
    return typeof answer === 'string' ? reply(answer) : answer;
  }

  /** The fault that refuses the provider's next connection, if that is what comes next. */
  refusal(provider: string): (Fault & { readonly name: 'refused' }) | undefined {
    const head = this.#queues.get(provider)?.[0];
    return typeof head === 'object' && head.type === 'fault' && head.name === 'refused' ? head : undefined;
  }

  /** Takes the provider's next item, which is a refusal. */
  dropRefusal(provider: string): void {
    if (this.refusal(provider) !== undefined) this.#queues.get(provider)?.shift();
  }

  /** How many items the provider still has to give. */
  pending(provider: string): number {
    return this.#queues.get(provider)?.length ?? 0;
  }
}
