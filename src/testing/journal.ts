/** One request that the mock server received. */
export interface RecordedRequest {
  readonly provider: string;
  readonly method: string;
  /** Below the provider's base path, with the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, the fields of a form, or the text where it is neither. */
  readonly body: unknown;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Headers that prove who asks, whatever the provider calls them. */
const KEY_HEADER = /(?:authorization|key|token|secret|password)$|^(?:cookie|x-portkey-config)$/;
const NO_SECRET = 'idempotency-key';
/** Token services want the proof in the body. */
const KEY_FIELDS = ['apikey', 'client_secret', 'client_assertion', 'assertion', 'refresh_token', 'password'] as const;
const KEY_QUERY = /([?&](?:key|api[-_]key|access_token)=)[^&]*/gi;

/** The requests so far, newest last: keys redacted, prompts kept, no more than `limit` of them. */
export class Journal {
  readonly entries: RecordedRequest[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(request: RecordedRequest): RecordedRequest {
    const entry = {
      ...request,
      path: request.path.replace(KEY_QUERY, '$1[redacted]'),
      headers: redacted(request.headers),
      body: withoutKey(request.body),
    };
    this.entries.push(entry);
    if (this.entries.length > this.#limit) this.entries.shift();
    return entry;
  }
}

function withoutKey(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const held = KEY_FIELDS.filter((field) => Object.hasOwn(body, field));
  return held.length === 0 ? body : { ...body, ...Object.fromEntries(held.map((field) => [field, '[redacted]'])) };
}

function redacted(headers: Readonly<Record<string, string>>): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name === NO_SECRET || !KEY_HEADER.test(name)) clean[name] = value;
    else clean[name] = /^[\w-]+ /.test(value) ? value.replace(/ .*/s, ' [redacted]') : '[redacted]';
  }
  return clean;
}
