import type { Prefill } from '../../contract/prefill.ts';

/** Where a host of the OpenAI dialect deviates from OpenAI itself. Everything left out is as at OpenAI. */
export interface Quirks {
  /** What the host offers; default: everything. Streams come with `chat` and `complete`. */
  readonly offers?: readonly ('chat' | 'complete' | 'embed' | 'models')[] | undefined;
  /** Routes other than OpenAI's, appended to the base URL. */
  readonly paths?:
    | { readonly chat?: string; readonly complete?: string; readonly embed?: string; readonly models?: string }
    | undefined;
  /** Reranking is offered, in Cohere's form. Default route `/rerank`, default name of the limit `top_n`. */
  readonly rerank?:
    | {
        readonly path?: string;
        readonly limit?: 'top_n' | 'top_k';
        /** Body fields that are always sent. */
        readonly body?: Readonly<Record<string, unknown>>;
      }
    | undefined;
  /** The host runs batches, from files that it keeps. */
  readonly batches?: BatchQuirks | undefined;
  /** Answers may come later, to be asked for by an id. Default: they do not. */
  readonly later?: LaterAnswers | undefined;
  /** The answers are OpenAI's own: chunks are handed on without mending. */
  readonly trusted?: boolean | undefined;
  /** Answers as those of any host are mended, whatever requests are like: the address is another than the host's own. */
  readonly foreignAddress?: boolean | undefined;
  /** The one field for the limit of output tokens; the other name is renamed. Default: as the caller wrote it. */
  readonly tokenLimit?: 'max_tokens' | 'max_completion_tokens' | undefined;
  /** Models that refuse `max_tokens`, which is renamed for them. */
  readonly newTokenLimit?: RegExp | undefined;
  /** Characters of a tool call's id that the host takes; of a longer one, another provider's, the end is sent. */
  readonly longestToolId?: number | undefined;
  /** `system`: messages of the role `developer` are sent as `system`. */
  readonly developerRole?: 'system' | undefined;
  /**
   * Parameters that the host lacks. Those that cannot change the answer are left out with a warning, the others
   * are refused (or dropped, if the caller allows it). A value that says what the host does anyway is left out silently.
   */
  readonly lacks?: readonly string[] | undefined;
  /** Parameters of {@link Quirks.lacks} that the host takes after all: a row can take back what all rows share. */
  readonly keeps?: readonly string[] | undefined;
  /** Parameters that the host knows under another name. */
  readonly renames?: Readonly<Record<string, string>> | undefined;
  /** Bounds that the host enforces; a value outside is moved to the bound with a warning. */
  readonly clamps?: Readonly<Record<string, { readonly min?: number; readonly max?: number }>> | undefined;
  /** How many `stop` sequences the host takes. */
  readonly maxStops?: number | undefined;
  /** Kinds of `response_format` that the host knows. Default: all. */
  readonly responseFormats?: readonly string[] | undefined;
  /** Words that the host takes as `tool_choice`; `named` stands for one function by name. Default: all. */
  readonly toolChoices?: readonly string[] | undefined;
  /** `filter`: a function chosen by name is sent as the only tool, with `required`. */
  readonly namedTool?: 'filter' | undefined;
  /** `drop`: `strict` is taken out of tools, with a warning. */
  readonly strictTools?: 'drop' | undefined;
  /** Content is plain text: text parts are joined, all other parts refused. */
  readonly plainText?: boolean | undefined;
  /** `drop`: `name` is taken out of messages, with a warning. */
  readonly messageNames?: 'drop' | undefined;
  /** Additions of ours to messages that the host understands; all others are taken out. */
  readonly messageExtras?: readonly MessageExtra[] | undefined;
  /** The field in which the host wants an assistant's reasoning back. Default: not at all. */
  readonly reasoningBack?: 'reasoning_content' | 'reasoning' | undefined;
  /** `tool_calls`: reasoning goes back on turns with tool calls only. */
  readonly reasoningBackOn?: 'tool_calls' | undefined;
  /** Body fields that are always sent, unless `providerOptions` say otherwise. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  /** Body fields that are sent along with tools, unless the caller set them. */
  readonly bodyWithTools?: Readonly<Record<string, unknown>> | undefined;
  /** `false`: the host refuses or ignores `stream_options`; usage comes by itself or not at all. */
  readonly streamOptions?: boolean | undefined;
  /** Put before model names without a `/`. */
  readonly modelPrefix?: string | undefined;
  /** What makes a model go on with an assistant message that ends the prompt. Default: it does not. */
  readonly prefill?: Prefill | undefined;
  /** A reasoning delta equal to the one before is a repetition of the host's, not the model's. */
  readonly repeatsReasoning?: boolean | undefined;
  /** `false`: vectors are not asked for in base64 when the caller left the format open. `only`: base64 is the one format with a name. */
  readonly base64Vectors?: boolean | 'only' | undefined;
}

/**
 * How a host says that an answer comes later, and where it is asked for. It is such an answer by its status, 202, or by a body that
 * holds nothing but the id.
 */
export interface LaterAnswers {
  /** The header with the id, in lower case. Looked at with status 202 only: other answers may have it too. */
  readonly idHeader?: string | undefined;
  /** The field of the body with the id, where no header has it. */
  readonly idField?: string | undefined;
  /** Appended to the base URL, `{}` standing for the id. The host answers with 202 until the answer is there. */
  readonly path: string;
  /** What a header says of a request that has failed for good. Without it a question that fails with 429 or 5xx is asked again. */
  readonly ended?: { readonly header: string; readonly values: readonly string[] } | undefined;
}

/** Where a host's files and batches deviate from OpenAI's. */
export interface BatchQuirks {
  /** Where files are uploaded. Default `/files`. */
  readonly uploadPath?: string | undefined;
  /** The host's word for the purpose `batch`. */
  readonly purpose?: string | undefined;
  /** The form of an upload tells name and type of the file in fields of their own. */
  readonly namesFile?: boolean | undefined;
  /** `unversioned`: endpoints are written without `/v1`. */
  readonly endpoints?: 'unversioned' | undefined;
  /** Lines of one batch. Default 50 000, OpenAI's limit. */
  readonly maxLines?: number | undefined;
}

/** Fields of messages, parts and tool calls that are not openai's. */
export type MessageExtra = 'cache_control' | 'thinking_blocks' | 'reasoning_details' | 'extra_content';

/** What OpenAI's own models refuse, wherever they are hosted: https://github.com/Portkey-AI/gateway/issues/1062 has the ids. */
export const OPENAI_MODELS: Quirks = { newTokenLimit: /^(ft:)?(o\d|gpt-([5-9]|\d\d))/, longestToolId: 40 };

/** Parameters of OpenAI's that other hosts refuse or ignore. */
export const OPENAI_ONLY_PARAMS: readonly string[] = [
  'store',
  'metadata',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'modalities',
  'audio',
  'prediction',
];

/** The quirks of a host other than OpenAI: what they all have in common, and its own. Lacking parameters add up. */
export function hostQuirks(own: Quirks = {}): Quirks {
  return {
    tokenLimit: 'max_tokens',
    developerRole: 'system',
    ...own,
    lacks: [...OPENAI_ONLY_PARAMS, ...(own.lacks ?? [])],
  };
}
