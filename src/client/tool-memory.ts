import { canonicalJson } from '../state/answers/canonical-json.ts';

/** A call of a tool, as a model writes it. */
interface ToolCall {
  readonly id: string;
  readonly type?: string;
  readonly function?: { readonly name: string; readonly arguments: string } | undefined;
}

interface Message {
  readonly role?: string;
  readonly tool_calls?: readonly ToolCall[] | undefined;
  readonly tool_call_id?: string | undefined;
  readonly content?: unknown;
}

/** A call whose function was started. */
interface Ran {
  /** Absent where a history has the result but not the call. */
  readonly call: ToolCall | undefined;
  readonly result: Promise<unknown>;
  /** What the model is told: the result or the failure, once it is there. */
  content: string | undefined;
}

type AnyFunction = (...args: unknown[]) => unknown;

interface RunnableFunction {
  readonly function?: AnyFunction | undefined;
  readonly parse?: AnyFunction | undefined;
  readonly name?: string;
  readonly description?: string;
}

interface RunnableTool {
  readonly type?: string;
  readonly function?: RunnableFunction;
  /** openai's `zodFunction` keeps these aside. */
  readonly $callback?: AnyFunction;
  readonly $parseRaw?: AnyFunction;
}

/** Arguments on their way from a tool's `parse` to its function, with the call that they belong to. */
interface Parsed {
  readonly call: ToolCall | undefined;
  readonly args: unknown;
}

/**
 * Which calls of tools have run, by their id: a function runs once for a call, also when the turn that asked for it is repeated or
 * a run is continued from its history. openai's loop does not tell functions which call they work for; it starts those of a
 * turn in the order of the turn, so the next one of a name is known.
 */
export class ToolMemory {
  readonly #ran = new Map<string, Ran>();
  #turn: readonly ToolCall[] = [];
  #waiting: ToolCall[] = [];

  /** A history with which a run begins: what it has results of has run. */
  recall(messages: readonly Message[]): void {
    const calls = new Map<string, ToolCall>();
    for (const message of messages) {
      const { role, tool_calls, tool_call_id } = message;
      if (Array.isArray(tool_calls)) for (const call of tool_calls as ToolCall[]) calls.set(call.id, call);
      if (role !== 'tool' || tool_call_id === undefined) continue;
      const content = contentOf(message);
      this.#ran.set(tool_call_id, { call: calls.get(tool_call_id), result: Promise.resolve(content), content });
    }
  }

  /** A turn of the model has come; its calls are about to be run. */
  begin(message: Message | undefined): void {
    this.#turn = message?.tool_calls ?? [];
    this.#waiting = [...this.#turn];
  }

  /** The tools, with functions that ask the memory first. */
  wrap(tools: readonly object[]): object[] {
    return tools.map((tool) => this.#wrapped(tool as RunnableTool));
  }

  /** Tool messages for the calls of the last turn that `messages` has no result of, so that the history is whole. */
  missing(messages: readonly Message[]): { role: 'tool'; tool_call_id: string; content: string }[] {
    const answered = new Set(messages.map(({ tool_call_id }) => tool_call_id));
    return this.#turn
      .filter(({ id }) => !answered.has(id))
      .map(({ id }) => ({ role: 'tool', tool_call_id: id, content: this.#ran.get(id)?.content ?? NOT_RUN }));
  }

  #wrapped(tool: RunnableTool): object {
    const own = tool.$callback === undefined ? tool.function : unpacked(tool);
    const run = own?.function;
    if (tool.type !== 'function' || own === undefined || typeof run !== 'function') return tool;
    const name = own.name || run.name;
    const { parse } = own;
    const wrapped: AnyFunction = (given, ...rest) => {
      const { call, args } = parse === undefined ? { call: this.#next(name), args: given } : (given as Parsed);
      return this.#once(call, () => run.call(own, args, ...rest));
    };
    const ready = async (input: unknown): Promise<Parsed> => {
      const call = this.#next(name);
      return { call, args: this.#known(call) === undefined ? await parse?.call(own, input) : undefined };
    };
    return { ...tool, function: { ...own, name, function: wrapped, ...(parse === undefined ? {} : { parse: ready }) } };
  }

  /** The call that the next function of this name works for. */
  #next(name: string): ToolCall | undefined {
    const at = this.#waiting.findIndex((call) => call.function?.name === name);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  #known(call: ToolCall | undefined): Ran | undefined {
    const ran = call && this.#ran.get(call.id);
    return ran?.call === undefined || (call !== undefined && isSame(ran.call, call)) ? ran : undefined;
  }

  #once(call: ToolCall | undefined, run: () => unknown): unknown {
    const known = this.#known(call);
    if (known !== undefined) return known.result;
    if (call === undefined) return run();
    const result = (async () => run())();
    const ran: Ran = { call, result, content: undefined };
    this.#ran.set(call.id, ran);
    result.then(
      (value) => {
        ran.content = written(value);
      },
      (error: unknown) => {
        ran.content = `Error: ${error instanceof Error ? error.message : String(error)}`;
      },
    );
    return result;
  }
}

/** The form that openai's loop itself gives to such tools. */
function unpacked({ function: own, $callback, $parseRaw }: RunnableTool): RunnableFunction & { readonly strict: true } {
  return { ...own, description: own?.description || '', function: $callback, parse: $parseRaw, strict: true };
}

const NOT_RUN = 'Not run: the run ended before.';

/** Some hosts begin their ids anew with each turn: the same id with another question is another call. */
function isSame(a: ToolCall, b: ToolCall): boolean {
  const [one, other] = [a.function, b.function];
  return (
    one?.name === other?.name &&
    (one?.arguments === other?.arguments || canonical(one?.arguments) === canonical(other?.arguments))
  );
}

function canonical(args: string | undefined): string | undefined {
  try {
    return canonicalJson(JSON.parse(args ?? ''));
  } catch {
    return args;
  }
}

/** The text of a tool message. */
function contentOf({ content }: Message): string {
  if (typeof content === 'string') return content;
  const parts: readonly { readonly text?: unknown }[] = Array.isArray(content) ? content : [];
  return parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
}

/** A result as openai's loop writes it. */
function written(result: unknown): string {
  if (typeof result === 'string') return result;
  try {
    return JSON.stringify(result) ?? 'undefined';
  } catch {
    return 'Error: the result cannot be written as JSON';
  }
}
