import type { WireHeaders } from './headers.ts';

/** The provider's own answer behind a result, for `withResponse()` and `rawResponse()`. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: WireHeaders;
  /** The provider's id for the request. */
  readonly requestId: string | undefined;
  /** The body as it came; `''` for a stream. */
  readonly text: string;
}

const ANSWER = Symbol('holdfast.answer');

/** For the exchange: remembers the answer that a result was made from. */
export function attachAnswer(result: object, answer: WireAnswer): void {
  Object.defineProperty(result, ANSWER, { value: answer, enumerable: false, writable: true });
}

interface Holder {
  [ANSWER]?: WireAnswer | undefined;
}

/** For layers: the answer behind a result, while its call runs. `undefined` behind what a layer made by itself. */
export function answerOf(result: object): WireAnswer | undefined {
  return (result as Holder)[ANSWER];
}

/** For the client: takes the answer off the result, so that the body is not held for as long as the result lives. */
export function takeAnswer(result: object): WireAnswer | undefined {
  const holder = result as Holder;
  const answer = holder[ANSWER];
  // not deleted: V8 would turn the result into a slow dictionary
  if (answer !== undefined && !Object.isFrozen(result)) holder[ANSWER] = undefined;
  return answer;
}
