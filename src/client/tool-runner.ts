import type { APIUserAbortError } from 'openai/core/error';
import { ChatCompletionRunner } from 'openai/lib/ChatCompletionRunner';
import { ChatCompletionStreamingRunner } from 'openai/lib/ChatCompletionStreamingRunner';
import type { ParsedChatCompletion } from 'openai/resources/chat/completions/completions';
import type { ChatChunk } from '../contract/chat.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { AbortError } from '../errors/wire-errors.ts';
import type { HelperOptions } from './chat-params.ts';
import type { Create } from './helper-client.ts';
import { helperClient } from './helper-client.ts';
import { helperAbort, loopError, withToldFormat } from './helper-errors.ts';
import { wrongLoopInput } from './helper-input.ts';
import { ToolMemory } from './tool-memory.ts';
import { TurnExtras } from './turn-extras.ts';

/** The least that a tool loop needs; its types are openai's own, in the signature of `runTools`. */
export interface ToolLoopParams {
  readonly messages: readonly object[];
  readonly tools: readonly object[];
}

/**
 * openai's tool loop, for every provider: reasoning and its signatures travel from turn to turn, and no function runs twice for a
 * call. When it fails, `messages` is a whole history of what ran, with which a new run can go on.
 */
export class ToolRunner<ParsedT = null> extends ChatCompletionRunner<ParsedT> {
  readonly #extras = new TurnExtras();
  readonly #memory = new ToolMemory();
  #abort: AbortError | undefined;

  static start(create: Create, params: ToolLoopParams, options: HelperOptions | undefined): ToolRunner {
    const wrong = wrongLoopInput(params, options);
    const told = wrong === undefined ? withToldFormat(params, () => runner.#extras.route) : null;
    const runner: ToolRunner = new ToolRunner();
    const client = helperClient(create, runner.#extras, () => runner.messages);
    const loop = (tools: object[]) => runner._runTools(client, { ...told, tools } as never, runner, options as never);
    runner._run(() =>
      guarded(wrong, params, runner.#memory, loop, (error) => {
        for (const message of runner.#memory.missing(runner.messages as object[])) runner._addMessage(message);
        if (isLLMError(error, 'aborted')) runner.#abort = error;
        return loopError(error, runner.#extras.route);
      }),
    );
    return runner;
  }

  protected override _addChatCompletion(completion: ParsedChatCompletion<ParsedT>): ParsedChatCompletion<ParsedT> {
    this.#extras.complete(completion);
    const added = super._addChatCompletion(completion);
    this.#memory.begin(added.choices[0]?.message);
    return added;
  }

  protected override _userAbortError(): APIUserAbortError {
    return helperAbort(this.#abort, this.controller.signal, this.#extras.route);
  }
}

/** The tool loop over streams. */
export class StreamingToolRunner<ParsedT = null> extends ChatCompletionStreamingRunner<ParsedT> {
  readonly #extras = new TurnExtras();
  readonly #memory = new ToolMemory();
  #abort: AbortError | undefined;

  static start(create: Create, params: ToolLoopParams, options: HelperOptions | undefined): StreamingToolRunner {
    const wrong = wrongLoopInput(params, options);
    const told = wrong === undefined ? withToldFormat(params, () => runner.#extras.route) : null;
    const runner: StreamingToolRunner = new StreamingToolRunner(told as never);
    runner.on('chunk', (chunk) => runner.#extras.add(chunk as ChatChunk));
    const client = helperClient(create, runner.#extras, () => runner.messages);
    const loop = (tools: object[]) => runner._runTools(client, { ...told, tools } as never, runner, options as never);
    runner._run(() =>
      guarded(wrong, params, runner.#memory, loop, (error) => {
        for (const message of runner.#memory.missing(runner.messages as object[])) runner._addMessage(message);
        if (isLLMError(error, 'aborted')) runner.#abort = error;
        return loopError(error, runner.#extras.route);
      }),
    );
    return runner;
  }

  protected override _addChatCompletion(completion: ParsedChatCompletion<ParsedT>): ParsedChatCompletion<ParsedT> {
    this.#extras.complete(completion);
    const added = super._addChatCompletion(completion);
    this.#memory.begin(added.choices[0]?.message);
    return added;
  }

  protected override _userAbortError(): APIUserAbortError {
    return helperAbort(this.#abort, this.controller.signal, this.#extras.route);
  }
}

/** Runs a loop whose parameters make sense, with tools that remember; what it throws is told by `explain`. */
async function guarded(
  wrong: LLMError | undefined,
  params: ToolLoopParams,
  memory: ToolMemory,
  loop: (tools: object[]) => Promise<void>,
  explain: (error: unknown) => unknown,
): Promise<void> {
  try {
    if (wrong !== undefined) throw wrong;
    memory.recall(params.messages);
    await loop(memory.wrap(params.tools));
  } catch (error) {
    throw explain(error);
  }
}
