import type { OperationName } from '../../contract/call.ts';
import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../contract/call.ts';
import type { Capabilities, ToolChoiceWord } from '../../contract/capabilities.ts';
import { HINTS } from '../params.ts';
import type { Quirks } from './quirks.ts';

const OPERATIONS: Readonly<Record<NonNullable<Quirks['offers']>[number], readonly OperationName[]>> = {
  chat: ['chat', 'stream'],
  complete: ['complete', 'completeStream'],
  embed: ['embed'],
  models: ['models'],
};
const OFFERS = ['chat', 'complete', 'embed', 'models'] as const;
const TOOL_CHOICES: readonly ToolChoiceWord[] = ['auto', 'none', 'required', 'named'];
const OF_TOOLS: ReadonlySet<string> = new Set(['tools', 'tool_choice']);

/** What quirks leave of the dialect's abilities. */
export function openaiCapabilities(
  quirks: Quirks,
  place: Pick<Capabilities, 'keys' | 'keyless' | 'needs' | 'requestIdHeaders' | 'retired'>,
): Capabilities {
  const lacks = (quirks.lacks ?? []).filter((param) => !quirks.keeps?.includes(param));
  const chats = quirks.offers?.includes('chat') ?? true;
  const tools = chats && !lacks.includes('tools');
  const formats = quirks.responseFormats;
  const schemas = formats === undefined || formats.includes('json_schema');
  return {
    ...place,
    dialect: 'openai',
    operations: [
      ...(quirks.offers ?? OFFERS).flatMap((offer) => OPERATIONS[offer]),
      ...(quirks.rerank === undefined ? [] : (['rerank'] as const)),
      ...(quirks.batches === undefined ? [] : [...BATCH_OPERATIONS, ...FILE_OPERATIONS]),
    ],
    tools,
    toolChoices: tools ? TOOL_CHOICES.filter((word) => quirks.toolChoices?.includes(word) ?? true) : [],
    images: chats && quirks.plainText !== true,
    structuredOutput: chats ? (schemas ? 'schema' : 'json') : 'none',
    reasoning: chats,
    lacks: lacks.filter((param) => !HINTS.has(param) && !OF_TOOLS.has(param)),
    streamUsage: quirks.streamOptions !== false,
    saysFiltered: chats,
    errorCodes: true,
  };
}
