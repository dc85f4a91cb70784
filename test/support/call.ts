import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import type { Call, CallOptions, OperationName, RequestOf } from '../../src/contract/call.ts';
import type { DecodeContext } from '../../src/contract/codec.ts';
import type { CallEvent } from '../../src/contract/events.ts';
import type { WireHeaders } from '../../src/contract/wire.ts';
import { ContentPolicyViolationError, InternalServerError } from '../../src/errors/provider-errors.ts';
import { ResponseValidationError } from '../../src/errors/wire-errors.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import { systemClock } from '../../src/time/clock.ts';

const catalogue = createCatalogue();

export interface TestCall<K extends OperationName> extends Call<K> {
  /** What was reported, in order. */
  readonly events: CallEvent[];
  /** Lines of `route.warnings`. */
  readonly warnings: string[];
}

/** A call as the client would build it. `clock` stands still at 2026-01-02T03:04:05Z. */
export function callOf<K extends OperationName>(
  operation: K,
  request: RequestOf<K>,
  changes: { provider?: string; model?: string; options?: CallOptions } & Partial<Omit<Call<K>, 'options' | 'request'>> = {},
): TestCall<K> {
  const { provider = 'openai', model = 'gpt-5-mini', options = {}, ...rest } = changes;
  const events: CallEvent[] = [];
  const warnings: string[] = [];
  const target = { provider, model, baseURL: '' };
  return {
    operation,
    target,
    request,
    deadline: Number.POSITIVE_INFINITY,
    limits: {
      connect: Number.POSITIVE_INFINITY,
      firstToken: Number.POSITIVE_INFINITY,
      idle: Number.POSITIVE_INFINITY,
      attempt: Number.POSITIVE_INFINITY,
    },
    options,
    metadata: {},
    correlationId: 'test-call',
    clock: { ...systemClock, now: () => Date.UTC(2026, 0, 2, 3, 4, 5) },
    trail: { attempts: [], attemptsLeft: 8 },
    store: memoryStore(),
    catalogue: () => catalogue,
    resolve: (text) => ({ provider: text.split('/')[0] ?? '', model: text.split('/').slice(1).join('/'), baseURL: '' }),
    report: (event) => {
      events.push(event);
      if (event.type === 'warning') warnings.push(event.message);
    },
    ...rest,
    events,
    warnings,
  };
}

/** An error from `contextOf(...).failure`: the body that the decoder found. */
export interface FoundFailure {
  readonly details: { readonly body: unknown; readonly status: number | undefined };
}

/**
 * What a decoder is given. `failure` understands only filters; everything else is an `InternalServerError`
 * with the body in `details`, so that tests see what was found, not how it is classified.
 */
export function contextOf<K extends OperationName>(call: Call<K>, headers: WireHeaders = {}): DecodeContext<K> {
  const { provider, model } = call.target;
  return {
    call,
    status: 200,
    headers,
    failure(body, status) {
      const code = (body as { error?: { code?: unknown } } | undefined)?.error?.code;
      const facts = { message: 'found inside the answer', provider, model, status, details: { body, status } };
      return code === 'content_filter'
        ? new ContentPolicyViolationError(facts)
        : (new InternalServerError(facts) as InternalServerError & { readonly kind: 'internal_server' });
    },
    invalid: (what) => new ResponseValidationError({ message: what, provider, model }),
  };
}
