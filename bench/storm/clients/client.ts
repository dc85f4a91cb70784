/** One call: its text goes to `onText` as it comes. */
export interface StormCall {
  readonly prompt: string;
  readonly stream: boolean;
  /** Milliseconds that the application has for it. */
  readonly deadlineMs: number;
  readonly onText: (text: string) => void;
}

/** What every contestant must be able to do. */
export interface StormClient {
  /** What it runs with, for the report. */
  readonly settings: string;
  /** Resolves when the library says that the answer is whole; rejects when it says that it is not. */
  ask(call: StormCall): Promise<void>;
  /** Absent where the library has nothing to close. */
  close?(): Promise<void>;
}

export interface Addresses {
  /** The base URL of the provider that suffers: OpenAI's API. */
  readonly first: string;
  /** The base URL of the provider that is well: Anthropic's API. */
  readonly second: string;
}

export type MakeStormClient = (addresses: Addresses, onBreaker: (to: 'closed' | 'open' | 'half-open') => void) => StormClient;

export const MODEL = 'gpt-5-mini';

export const messagesOf = (prompt: string): { role: 'user'; content: string }[] => [{ role: 'user', content: prompt }];
