import type { Call, OperationName } from '../../contract/call.ts';
import { canonicalJson } from './canonical-json.ts';

/** What a layer makes of a call and its question: another one, or `undefined` to keep its hands off the call. */
export type QuestionKey = (call: Call, question: string) => string | undefined;

/** Operations whose answers are alike, and so may stand for each other. Lists of models and everything with effects are not here. */
export type AnswerForm = 'chat' | 'complete' | 'embed' | 'rerank';

const FORMS: { readonly [K in OperationName]?: AnswerForm } = {
  chat: 'chat',
  stream: 'chat',
  complete: 'complete',
  completeStream: 'complete',
  embed: 'embed',
  rerank: 'rerank',
};

/** The form of a call's answer; `undefined` for a call whose answer must not be given to another. */
export const formOf = (operation: OperationName): AnswerForm | undefined => FORMS[operation];

/** Parameters that cannot change the answer: who asks, notes for the provider's own records, and how the answer is sent. */
const BESIDE_THE_POINT = /^(user|metadata|store|stream_options|safety_identifier|prompt_cache_(key|retention|options))$/;

interface Known {
  readonly target: Call['target'];
  readonly form: AnswerForm | undefined;
  readonly lenient: boolean;
  readonly question: string | undefined;
}

/** Layers ask the same of one call; its request is written once. An entry ends with its request. */
const known = new WeakMap<object, Known>();

/**
 * What a call asks, whom, and nothing else, as text: equal for calls whose answers may stand for each other. `undefined` for one
 * that cannot be told in full. It holds the prompt: hash it before it goes anywhere.
 */
export function questionOf(call: Call): string | undefined {
  const { target, request, options } = call;
  const form = formOf(call.operation);
  const lenient = options.unsupportedParams === 'drop';
  const before = known.get(request);
  if (before !== undefined && before.target === target && before.form === form && before.lenient === lenient) {
    return before.question;
  }
  const question = form === undefined ? undefined : asked(form, lenient, call);
  known.set(request, { target, form, lenient, question });
  return question;
}

function asked(form: AnswerForm, lenient: boolean, { target, request }: Call): string | undefined {
  const { provider, model, baseURL, base, pool } = target;
  const told = Object.fromEntries(Object.entries(request).filter(([name]) => !BESIDE_THE_POINT.test(name)));
  return canonicalJson([form, provider, model, baseURL, base, pool?.members, lenient, told]);
}

/** SHA-256 of a text, in hexadecimal. */
export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
