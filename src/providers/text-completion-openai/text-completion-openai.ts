import type { FailureRule, FailureSpec, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { openaiFailures } from '../../dialects/openai/failure.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv, requireKey, wrongSetting } from '../settings.ts';
import { chatOverCompletions } from './chat.ts';
import { LACKS } from './prompt.ts';

const BASE_URL = 'https://api.openai.com/v1';
const KEYS = ['OPENAI_API_KEY'] as const;
const BASE_ENV = ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] as const;
const HEADERS = { organization: 'openai-organization', project: 'openai-project' } as const;
const HEADER_ENV = { organization: ['OPENAI_ORG_ID'], project: ['OPENAI_PROJECT_ID'] } as const;

const QUIRKS: Quirks = { offers: ['complete', 'models'] };

/** A chat model was asked for on this route (recorded): say where it is to be found. */
const chatModel: FailureRule = ({ message }) =>
  /not supported in the v1\/completions endpoint|is not a chat model/i.test(message)
    ? { kind: 'not_found', message: `${message} Here: "openai/<model>".` }
    : undefined;

export const textCompletionFailures: FailureSpec = {
  ...openaiFailures,
  rules: [chatModel, ...(openaiFailures.rules ?? [])],
};

/**
 * OpenAI's legacy `/completions`, for text and, by conversion, for chat: the messages are joined to one prompt.
 * Settings beyond the common ones: `separator` between the messages, a newline by default; `organization`, `project`.
 */
export const textCompletionOpenAI: ProviderDefinition = defineProvider({
  id: 'text-completion-openai',
  declares: {
    ...openaiCapabilities(
      { lacks: ['tools', ...LACKS] },
      { keys: KEYS, keyless: false, needs: [], requestIdHeaders: openaiFailures.requestIdHeaders ?? [] },
    ),
    operations: ['chat', 'stream', 'complete', 'completeStream', 'models'],
    images: false,
    structuredOutput: 'none',
    reasoning: false,
  },
  create(context) {
    const key = requireKey(context, KEYS);
    const wire = context.connect({
      baseURL: context.settings.baseURL ?? firstEnv(context, BASE_ENV) ?? BASE_URL,
      headers: { authorization: `Bearer ${key}`, ...accountHeaders(context) },
      failures: textCompletionFailures,
      secrets: [key],
    });
    const { chat, stream } = chatOverCompletions(QUIRKS, separatorOf(context));
    return {
      id: context.id,
      wire,
      operations: {
        ...openaiOperations(wire, QUIRKS),
        chat: replyOperation<'chat'>(wire, chat),
        stream: streamOperation<'stream'>(wire, stream),
      },
    };
  },
});

function accountHeaders(context: ProviderContext): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const setting of ['organization', 'project'] as const) {
    const value = context.settings[setting] ?? firstEnv(context, HEADER_ENV[setting]);
    if (typeof value === 'string') headers[HEADERS[setting]] = value;
  }
  return headers;
}

function separatorOf({ id, settings }: ProviderContext): string {
  const { separator = '\n' } = settings;
  if (typeof separator === 'string') return separator;
  throw wrongSetting({ id }, 'separator', 'a string');
}
