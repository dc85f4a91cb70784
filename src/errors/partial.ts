/** What a broken stream had delivered. Tool calls in it are incomplete and must not be run. */
export interface PartialOutput {
  readonly content: string;
  readonly reasoning_content: string;
  readonly tool_calls: readonly PartialToolCall[];
  /** Token usage, if the provider had reported it. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
  /** How many chunks had arrived. */
  readonly chunks: number;
}

/** A tool call whose `arguments` may be cut anywhere. */
export interface PartialToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}
