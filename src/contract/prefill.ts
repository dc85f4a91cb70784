/** How a provider is told to go on with an assistant message that ends the prompt. */
export interface Prefill {
  /** Fields that this message needs: Moonshot's `partial`. */
  readonly message?: Readonly<Record<string, unknown>> | undefined;
  /** Fields that the request needs: vLLM's `continue_final_message`. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
}
