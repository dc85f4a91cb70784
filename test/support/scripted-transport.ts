import type { Flow, Receiver, Transport, WireRequest } from '../../src/index.ts';
import type { ManualClock } from './manual-clock.ts';
import { chunk, USAGE } from './openai-server.ts';

/** How an attempt may go. */
export const OUTCOMES = [
  'ok',
  'slow',
  'internal error',
  'throttled',
  'throttled for long',
  'bad request',
  'reset',
  'silent',
  'cut',
  'error event',
  'silent after content',
  'filtered',
  'no terminal sign',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

const encoder = new TextEncoder();
const failed = (message: string): object => ({ error: { message, type: 'error' } });
const SLOW_MS = 3_000;
const STEP_MS = 100;

/** A provider in OpenAI's dialect whose attempts go as it is written, one after the other, again and again. */
export class ScriptedTransport implements Transport {
  /** Exchanges under way. */
  open = 0;
  /** From now on everything goes well. */
  healthy = false;
  readonly #script: readonly Outcome[];
  readonly #clock: ManualClock;
  #sent = 0;

  constructor(script: readonly Outcome[], clock: ManualClock) {
    this.#script = script;
    this.#clock = clock;
  }

  dispatch({ body }: WireRequest, receiver: Receiver): Flow {
    const outcome = this.healthy ? 'ok' : (this.#script[this.#sent++ % this.#script.length] ?? 'ok');
    const answer = new Answer(receiver, () => this.open--);
    this.open++;
    const begin = (): void => {
      receiver.connected();
      if (String(body).includes('"stream":true')) this.#stream(answer, outcome);
      else whole(answer, outcome);
    };
    if (outcome === 'slow') this.#clock.timer(begin, SLOW_MS);
    else queueMicrotask(begin);
    return { pause() {}, resume() {}, abort: () => answer.leave() };
  }

  async close(): Promise<void> {}

  #stream(answer: Answer, outcome: Outcome): void {
    if (answersAlike(answer, outcome)) return;
    answer.head(200, 'text/event-stream');
    answer.events(chunk({ role: 'assistant', content: '' }));
    if (outcome === 'filtered') return answer.events(chunk({}, 'content_filter'), '[DONE]').end();
    answer.events(chunk({ content: 'one ' }), chunk({ content: 'two ' }));
    switch (outcome) {
      case 'silent after content':
        return;
      case 'error event':
        return answer.events(failed('overloaded')).end();
      case 'no terminal sign':
        return answer.end();
      case 'cut':
        return void this.#clock.timer(() => answer.break(), STEP_MS);
      default: {
        const usage = { ...chunk({}), choices: [], usage: USAGE };
        const rest = [chunk({ content: 'three' }), chunk({}, 'stop'), usage, '[DONE]'];
        this.#clock.timer(() => answer.events(...rest).end(), STEP_MS);
      }
    }
  }
}

function whole(answer: Answer, outcome: Outcome): void {
  if (answersAlike(answer, outcome)) return;
  if (outcome === 'cut' || outcome === 'no terminal sign') return answer.head(200).data('{"id":').break();
  const filtered = outcome === 'filtered';
  const message = { role: 'assistant', content: filtered ? null : 'one two three' };
  const choices = [{ index: 0, finish_reason: filtered ? 'content_filter' : 'stop', message }];
  answer.json(200, { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage: USAGE });
}

/** What whole and streamed answers have in common. */
function answersAlike(answer: Answer, outcome: Outcome): boolean {
  if (outcome === 'internal error') answer.json(500, failed('boom'));
  else if (outcome === 'throttled') answer.json(429, failed('slow down'), { 'retry-after': '1' });
  else if (outcome === 'throttled for long') answer.json(429, failed('slow down'), { 'retry-after': '120' });
  else if (outcome === 'bad request') answer.json(400, failed('bad'));
  else if (outcome === 'reset') answer.break();
  else if (outcome !== 'silent') return false;
  return true;
}

/** One answer on its way, until it has ended or nobody wants it any more. */
class Answer {
  readonly #receiver: Receiver;
  readonly #onOver: () => void;
  #over = false;

  constructor(receiver: Receiver, onOver: () => void) {
    this.#receiver = receiver;
    this.#onOver = onOver;
  }

  head(status: number, type = 'application/json', more: Readonly<Record<string, string>> = {}): this {
    if (!this.#over) this.#receiver.head(status, { 'content-type': type, ...more });
    return this;
  }

  data(text: string): this {
    if (!this.#over) this.#receiver.data(encoder.encode(text));
    return this;
  }

  events(...events: readonly unknown[]): this {
    return this.data(events.map((data) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`).join(''));
  }

  json(status: number, body: object, headers?: Readonly<Record<string, string>>): void {
    this.head(status, 'application/json', headers).data(JSON.stringify(body)).end();
  }

  end(): void {
    if (this.leave()) this.#receiver.end();
  }

  break(): void {
    if (this.leave()) this.#receiver.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  leave(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#onOver();
    return true;
  }
}
