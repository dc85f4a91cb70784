import { answerLimitOf, countOf } from '../../contract/answer-limit.ts';
import type { Call } from '../../contract/call.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import type { LLMError } from '../../errors/catalogue.ts';

/** What is known of a prompt that did not fit: nothing until a failure tells. The catalogue is asked after that only. */
export class Overflow {
  /** Tokens of the prompt, as a provider has counted them; 0 while none has. */
  #counted = 0;
  /** A window that was too small. */
  #above = 0;
  #catalogue: Catalogue | undefined;
  #happened = false;

  learn({ details }: LLMError): void {
    this.#happened = true;
    const { promptTokens, maxTokens, estimatedTokens } = details;
    // an estimate for one target; for others it is made anew
    if (estimatedTokens !== undefined) return;
    this.#counted = Math.max(this.#counted, countOf(promptTokens) ?? 0);
    this.#above = Math.max(this.#above, countOf(maxTokens) ?? 0);
  }

  /** Whether the window of a call's target is known to be too small. What nobody knows may fit. */
  async excludes(call: Call): Promise<boolean> {
    if (!this.#happened) return false;
    try {
      this.#catalogue ??= await call.catalogue();
      const { maxInputTokens: window, separateOutput } = this.#catalogue.find(call.target) ?? {};
      if (window === undefined) return false;
      if (window <= this.#above) return true;
      if (this.#counted > 0) return window < this.#counted;
      const kept = separateOutput === true ? 0 : (answerLimitOf(call.request) ?? 0);
      return window < (await this.#catalogue.countTokens(call.target, call.request)) + kept;
    } catch {
      return false; // a catalogue that cannot be read knows nothing
    }
  }
}
