/** Whom a call is addressed to. */
export interface Target {
  /** Provider id, aliases resolved: `gemini`, never `google`. */
  readonly provider: string;
  /** What the provider calls the model: everything after the first `/`. */
  readonly model: string;
  /** The base URL from the settings, `''` for the provider's default. */
  readonly baseURL: string;
}
