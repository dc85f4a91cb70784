import type { OperationName } from './call.ts';

/** Words that openai's `tool_choice` knows; `named` stands for one function by name. */
export type ToolChoiceWord = 'auto' | 'none' | 'required' | 'named';

/**
 * What a provider can do, as data: tables are made from it, and one suite of tests holds every provider to it.
 * It says what can be asked of the provider; whether a certain model does it is another matter.
 */
export interface Capabilities {
  /** The wire format it speaks: `openai`, `anthropic`, `gemini`, `ollama`, … */
  readonly dialect: string;
  readonly operations: readonly OperationName[];
  /** Environment variables with the key, first set wins. */
  readonly keys: readonly string[];
  /** Settings that hold the credentials, where that is not `apiKey`. */
  readonly keySettings?: readonly string[] | undefined;
  /** It answers without a key too. */
  readonly keyless: boolean;
  /** Settings without which there is no address to send to. */
  readonly needs: readonly string[];
  /** Function tools. */
  readonly tools: boolean;
  readonly toolChoices: readonly ToolChoiceWord[];
  /** Images in messages, as data URIs. */
  readonly images: boolean;
  /** `schema`: JSON that follows a schema; `json`: any JSON object. */
  readonly structuredOutput: 'schema' | 'json' | 'none';
  /** Visible reasoning comes back as `reasoning_content`. */
  readonly reasoning: boolean;
  /** Further parameters of openai's that would change the answer and that it refuses. */
  readonly lacks: readonly string[];
  /** `false`: the service sends whole answers only; streams are made of them. Default `true`. */
  readonly streams?: boolean | undefined;
  /** `false`: no answer ever tells token counts. Default `true`. */
  readonly countsTokens?: boolean | undefined;
  /** A stream tells token counts; `false`: only if the provider happens to send them. */
  readonly streamUsage: boolean;
  /** The provider says so when a filter ended an answer. */
  readonly saysFiltered: boolean;
  /** `false`: it never says that an answer was cut at the limit of tokens. Default `true`. */
  readonly saysLength?: boolean | undefined;
  /** Errors carry a code or a type, so that one inside a 200 can be told without its status. */
  readonly errorCodes: boolean;
  /** Where the ids of its requests are, first found wins. */
  readonly requestIdHeaders: readonly string[];
  /** The service is gone: what to use instead. With a base URL it can still be spoken to. */
  readonly retired?: string | undefined;
}
