import { expect, it } from 'vitest';
import type { WireHeaders } from '../../src/contract/wire.ts';
import { explained } from './explain.ts';

/** One row of a provider's error table: what it sends and what that must become. */
export interface Row {
  readonly name: string;
  /** `undefined`: inside a 200. */
  readonly status: number | undefined;
  readonly body: unknown;
  readonly becomes: string;
  readonly retryable?: boolean;
  readonly headers?: WireHeaders;
  readonly streamed?: boolean;
}

/** The OpenAI envelope. */
export const openai = (
  message: string,
  code: string | number | null = null,
  type: string | null = 'invalid_request_error',
): { readonly error: object } => ({
  error: { message, type, param: null, code },
});

export const row = (status: number | undefined, body: unknown, becomes: string, more: Partial<Row> = {}): Row => ({
  name: `${status ?? 'in a 200'} ${JSON.stringify(body).slice(0, 90)}`,
  status,
  body,
  becomes,
  ...more,
});

const NEVER = new Set(
  `BadRequestError ContextWindowExceededError ContentPolicyViolationError AuthenticationError PermissionDeniedError NotFoundError
   UnprocessableEntityError InsufficientCreditsError RequestTooLargeError ConflictError UnsupportedParamsError`.split(/\s+/),
);

/** One test per row. Without `retryable` it is the default of the class. */
export function itExplains(provider: string, rows: readonly Row[]): void {
  for (const { name, status, body, becomes, retryable, headers, streamed } of rows) {
    it(`${provider}: ${name} is ${becomes}`, () => {
      const error = explained(provider, status, body, {
        ...(headers === undefined ? {} : { headers }),
        streamed: streamed ?? status === undefined,
      });
      expect({ name: error.name, retryable: error.retryable }).toEqual({
        name: becomes,
        retryable: retryable ?? !NEVER.has(becomes),
      });
      if (status !== undefined) expect(error.status).toBe(status);
    });
  }
}
