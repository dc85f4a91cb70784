import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, textOf } from '../../dialects/chat-rules.ts';
import { dropHint, unsupported } from '../../dialects/params.ts';
import { spliced } from '../../wire/json-body.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Input = Record<string, unknown>;

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** Models that take the conversation as it is. */
const TAKES_MESSAGES = /^openai\//;
const LLAMA_3 = /llama-3|llama3/;

/** The conversation as a model's inputs: its system prompt, and the rest as one text. A single user message stays word for word. */
export function promptInput(call: ChatCall): Input {
  const { messages } = call.request;
  const system = messages.filter(isSystem).map(({ content }) => textOf(content));
  const rest = messages.filter((message) => !isSystem(message));
  const images = rest.flatMap((message, index) => imagesOf(call, message, index));
  const turns = rest.map((message) => turnOf(call, message));
  const prompted = single(turns) ?? (TAKES_MESSAGES.test(call.target.model) ? conversation(system, turns) : written(call, turns));
  const own = system.join('\n\n');
  return {
    ...prompted,
    ...(own === '' || 'messages' in prompted ? {} : { system_prompt: own }),
    ...(images.length === 0 ? {} : imageInput(call, images)),
  };
}

const isSystem = ({ role }: ChatMessageParam): boolean => role === 'system' || role === 'developer';

function turnOf(call: ChatCall, message: ChatMessageParam): Turn {
  if (message.role === 'tool' || message.role === 'function' || ('tool_calls' in message && message.tool_calls?.length)) {
    unsupported(call, 'tools', 'models on Replicate call no tools');
  }
  return { role: message.role === 'assistant' ? 'assistant' : 'user', text: textOf(message.content) };
}

const single = (turns: readonly Turn[]): Input | undefined =>
  turns.length === 1 && turns[0]?.role === 'user' ? { prompt: turns[0].text } : undefined;

const conversation = (system: readonly string[], turns: readonly Turn[]): Input => ({
  messages: [
    ...system.map((content) => ({ role: 'system', content })),
    ...turns.map(({ role, text }) => ({ role, content: text })),
  ],
});

/** Several turns in the model family's own notation, else with a label before each. */
function written(call: ChatCall, turns: readonly Turn[]): Input {
  if (LLAMA_3.test(call.target.model)) return { prompt: llama3(turns), prompt_template: '{prompt}' };
  const said = turns.map(({ role, text }) => `${role === 'user' ? 'User' : 'Assistant'}: ${text}`);
  return { prompt: `${said.join('\n\n')}\n\nAssistant:` };
}

const llama3 = (turns: readonly Turn[]): string =>
  `<|begin_of_text|>${turns
    .map(({ role, text }) => `<|start_header_id|>${role}<|end_header_id|>\n\n${text}<|eot_id|>`)
    .join('')}<|start_header_id|>assistant<|end_header_id|>\n\n`;

function imagesOf(call: ChatCall, { content }: ChatMessageParam, index: number): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown, position) => {
    if (!isRecord(part) || part.type === 'text' || part.type === 'refusal') return [];
    const image = isRecord(part.image_url) ? part.image_url : undefined;
    if (part.type !== 'image_url' || typeof image?.url !== 'string') {
      const place = `messages[${index}].content[${position}]`;
      unsupported(call, String(part.type ?? 'content part'), `${place} is neither text nor an image`);
      return [];
    }
    if (image.detail && image.detail !== 'auto') dropHint(call, 'image_url.detail');
    return [spliced(image.url)];
  });
}

/** Most models take one image; those of OpenAI, Anthropic and Google a list or one under the same name. */
function imageInput(call: ChatCall, images: readonly string[]): Input {
  if (TAKES_MESSAGES.test(call.target.model)) return { image_input: images };
  if (images.length > 1) unsupported(call, 'image_url', 'this model takes one image');
  return { image: images[0] };
}
