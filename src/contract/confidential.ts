/** What must not appear in an error. */
export interface Confidential {
  /** Keys and tokens, exactly as they are sent. */
  readonly secrets: readonly (string | undefined)[];
  /** The text of the request; asked for only when a message could repeat it. */
  promptText(): string;
}
