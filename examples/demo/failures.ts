import type { LLMError } from 'holdfast';
import * as holdfast from 'holdfast';
import { fault } from 'holdfast/testing';
import OpenAI from 'openai';
import { line, paint } from './timeline.ts';
import type { World } from './world.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

const CASES: readonly (readonly [string, () => ReturnType<typeof fault.status>, ErrorClass, ErrorClass])[] = [
  ['rate limit', () => fault.rateLimit(), holdfast.RateLimitError, OpenAI.RateLimitError],
  ['money exhausted', () => fault.quota(), holdfast.InsufficientCreditsError, OpenAI.RateLimitError],
  ['overloaded', () => fault.overloaded(), holdfast.ServiceUnavailableError, OpenAI.InternalServerError],
  ['wrong key', () => fault.auth(), holdfast.AuthenticationError, OpenAI.AuthenticationError],
  ['prompt too long', () => fault.contextWindow(), holdfast.ContextWindowExceededError, OpenAI.BadRequestError],
  ['filtered', () => fault.contentPolicy(), holdfast.ContentPolicyViolationError, OpenAI.BadRequestError],
  [
    'no such model',
    () => fault.status(404, { error: { message: 'no such model', code: 'model_not_found' } }),
    holdfast.NotFoundError,
    OpenAI.NotFoundError,
  ],
  ['server error', () => fault.status(500), holdfast.InternalServerError, OpenAI.InternalServerError],
  ['connection refused', () => fault.refused(), holdfast.APIConnectionError, OpenAI.APIConnectionError],
  ['connection reset', () => fault.resetBeforeHeaders(), holdfast.APIConnectionError, OpenAI.APIConnectionError],
  ['silence', () => fault.stall(0), holdfast.TimeoutError, OpenAI.APIConnectionTimeoutError],
  ['HTML with status 200', () => fault.html(), holdfast.ResponseValidationError, OpenAI.APIError],
];

/** Provokes one failure after the other and checks the class of what was thrown. Live: a wrong key and an unknown model. */
export async function catalogueOfFailures(world: World): Promise<void> {
  const { mock, models } = world;
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const [model = ''] = models;
  const provider = model.split('/')[0] ?? '';
  const show = (what: string, error: unknown, ours: ErrorClass, theirs: ErrorClass): void => {
    if (!(error instanceof ours) || !(error instanceof theirs))
      throw new Error(`${what}: expected ${ours.name}, got ${String(error)}`, { cause: error });
    line(
      `${what.padEnd(22)} ${paint('red', error.name.padEnd(28))} instanceof OpenAI.${theirs.name}  ${paint('dim', `retryable: ${(error as LLMError).retryable}`)}`,
    );
  };

  if (mock === undefined) {
    const llm = holdfast.createClient({ providers: { [provider]: { apiKey: 'wrong' } }, use: [] });
    await llm.chat.completions
      .create({ model, messages })
      .catch((error: unknown) => show('wrong key', error, holdfast.AuthenticationError, OpenAI.AuthenticationError));
    await llm.close();
    return;
  }
  const llm = holdfast.createClient({ providers: world.providers, use: [] });
  for (const [what, make, ours, theirs] of CASES) {
    mock.enqueue(provider, make());
    const failure = await llm.chat.completions.create({ model, messages }, { timeout: 300 }).then(
      () => new Error('no failure'),
      (error: unknown) => error,
    );
    show(what, failure, ours, theirs);
  }
  await llm.close();
}
