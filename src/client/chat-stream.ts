import type { APIUserAbortError } from 'openai/core/error';
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import type { ParsedChatCompletion } from 'openai/resources/chat/completions/completions';
import type { ChatChunk } from '../contract/chat.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { AbortError } from '../errors/wire-errors.ts';
import type { ChatStreamParams, HelperOptions } from './chat-params.ts';
import type { Create } from './helper-client.ts';
import { helperClient } from './helper-client.ts';
import { answerError, helperAbort } from './helper-errors.ts';
import { wrongStreamInput } from './helper-input.ts';
import { TurnExtras } from './turn-extras.ts';

/**
 * openai's event-driven stream of a chat completion, for every provider. Its final message holds the whole
 * `reasoning_content` and all `thinking_blocks`.
 */
export class ChatStream<ParsedT = null> extends ChatCompletionStream<ParsedT> {
  readonly #extras = new TurnExtras();
  #abort: AbortError | undefined;
  /** What a listener threw: an error of the user's own, that says nothing of the answer. */
  #thrown: { readonly error: unknown } | undefined;

  static start<ParsedT>(create: Create, params: ChatStreamParams, options: HelperOptions | undefined): ChatStream<ParsedT> {
    const wrong = wrongStreamInput(params, options);
    const stream = new ChatStream<ParsedT>((wrong === undefined ? params : null) as never);
    stream.on('chunk', (chunk) => stream.#extras.add(chunk as ChatChunk));
    const client = helperClient(create, stream.#extras, () => []);
    stream._run(async () => {
      try {
        if (wrong !== undefined) throw wrong;
        return await stream._runChatCompletion(client, { ...params, stream: true } as never, options as never);
      } catch (error) {
        if (isLLMError(error, 'aborted')) stream.#abort = error;
        throw stream.#thrown?.error === error ? error : answerError(error, stream.#extras.route);
      }
    });
    return stream;
  }

  protected override _addChatCompletion(completion: ParsedChatCompletion<ParsedT>): ParsedChatCompletion<ParsedT> {
    this.#extras.complete(completion);
    return super._addChatCompletion(completion);
  }

  override _emit(...event: never[]): void {
    try {
      (super._emit as (...event: unknown[]) => void).apply(this, event);
    } catch (error) {
      this.#thrown = { error };
      throw error;
    }
  }

  protected override _userAbortError(): APIUserAbortError {
    return helperAbort(this.#abort, this.controller.signal, this.#extras.route);
  }
}
