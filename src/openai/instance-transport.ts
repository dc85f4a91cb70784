import type { OpenAI } from 'openai';
import { APIConnectionError, APIError, OpenAIError } from 'openai/core/error';
import type { Flow, Receiver, Transport, WireMessage, WireRequest } from '../contract/wire.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { fetchTransport } from '../wire/fetch-transport.ts';

/** What the instance is asked to send. */
export interface Sending {
  readonly message: WireMessage;
  /** The attempt's limit. The instance's own is set a little above it, so that it never ends an attempt before us. */
  readonly timeoutMs: number;
}

/** Sends through a user's instance of `openai`, and hands back what came, failures included, as bytes. */
export interface InstanceTransport extends Transport {
  /** To be called before `dispatch`: what this request stands for. */
  remember(request: WireRequest, sending: Sending): void;
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const SLACK_MS = 1000;

export function instanceTransport(instance: OpenAI): InstanceTransport {
  const sendings = new WeakMap<WireRequest, Sending>();
  const outlet = new Outlet(instance);
  return {
    remember(request, sending) {
      sendings.set(request, sending);
    },
    dispatch(request: WireRequest, receiver: Receiver): Flow {
      const sending = sendings.get(request) ?? { message: { path: request.path }, timeoutMs: Number.POSITIVE_INFINITY };
      return fetchTransport((_, init) => outlet.send(sending, init)).dispatch(request, receiver);
    },
    close: () => Promise.resolve(),
  };
}

/** The instance, or its twin whose `fetch` keeps the text of failures: openai's errors hold only what is under `error`. */
class Outlet {
  readonly #instance: OpenAI;
  readonly #texts = new WeakMap<Headers, string>();
  readonly #firstKey: unknown;
  #twin: OpenAI | undefined;
  #made = '';

  constructor(instance: OpenAI) {
    this.#instance = instance;
    this.#firstKey = instance.apiKey;
  }

  async send({ message, timeoutMs }: Sending, { signal, headers, body: sent }: RequestInit): Promise<Response> {
    const { method = 'POST', path } = message;
    // bytes are the transport's; JSON is written by the instance
    const body = message.bytes === undefined ? message.body : sent;
    try {
      return await this.#sender()
        .request({
          method: method.toLowerCase() as 'get' | 'post' | 'delete',
          path,
          ...(body === undefined ? {} : { body }),
          ...(headers === undefined ? {} : { headers: headers as Record<string, string> }),
          ...(signal ? { signal } : {}),
          maxRetries: 0,
          timeout: Math.min(LONGEST_TIMEOUT_MS, Math.ceil(timeoutMs) + SLACK_MS),
        })
        .asResponse();
    } catch (error) {
      return this.#answered(error);
    }
  }

  /** Made anew when somebody changed the instance: keys are rotated by assignment. */
  #sender(): OpenAI {
    const { apiKey, baseURL, organization, project } = this.#instance;
    const made = JSON.stringify([apiKey, baseURL, organization, project]);
    if (this.#twin === undefined || made !== this.#made) {
      this.#twin = this.#makeTwin();
      this.#made = made;
    }
    return this.#twin;
  }

  #makeTwin(): OpenAI {
    const own: unknown = Reflect.get(this.#instance, 'fetch');
    if (typeof own !== 'function') return this.#instance;
    const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const response = (await own.call(undefined, url, init)) as Response;
      if (response.ok) return response;
      const text = await response.text();
      const copy = new Response(NO_BODY.has(response.status) ? null : text, response);
      this.#texts.set(copy.headers, text);
      return copy;
    };
    try {
      return this.#instance.withOptions({ fetch, ...this.#changedKey() });
    } catch {
      // an instance whose authentication owns its connections
      return this.#instance;
    }
  }

  /** A key that was assigned later. Where a function gives the key, the property is but its last word. */
  #changedKey(): { apiKey?: string } {
    const { apiKey } = this.#instance;
    const given: unknown = (Reflect.get(this.#instance, '_options') as { readonly apiKey?: unknown } | undefined)?.apiKey;
    return typeof apiKey === 'string' && apiKey !== this.#firstKey && typeof given !== 'function' ? { apiKey } : {};
  }

  /** An error that the service answered with, as the answer that it was. */
  #answered(error: unknown): Response {
    if (error instanceof APIConnectionError) throw error.cause ?? error;
    if (error instanceof APIError && typeof error.status === 'number' && error.headers !== undefined) {
      const headers: Headers = error.headers;
      const text = this.#texts.get(headers) ?? (error.error === undefined ? '' : JSON.stringify({ error: error.error }));
      return new Response(NO_BODY.has(error.status) ? null : text, { status: error.status, headers });
    }
    throw new ConfigurationError({
      message: `the given openai instance could not make the request${reasonOf(error)}`,
      code: 'instance_failed',
      cause: error,
    });
  }
}

/** openai's own words; those of a token function may hold anything. */
const reasonOf = (error: unknown): string =>
  error instanceof OpenAIError && error.cause === undefined ? `: ${error.message}` : '';

/** Statuses for which no body is allowed. */
const NO_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);
