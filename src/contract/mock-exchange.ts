/** A request that the mock server received, as a dialect's backwards half sees it. */
export interface MockRequest {
  readonly method: string;
  /** Without the `/<provider>` prefix; with the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
}

export interface MockAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is if a string, as JSON otherwise. */
  readonly body: unknown;
}
