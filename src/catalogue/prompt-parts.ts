import { audioTokens, fileTokens, imageTokens } from './media-tokens.ts';
import type { ModelFamily } from './model-family.ts';

/** A prompt taken apart: what must be counted, and what has a fixed number of tokens. */
export interface PromptParts {
  readonly texts: string[];
  tokens: number;
}

/** What stands around each message, around its name, and before the answer, by OpenAI's cookbook. */
const PER_MESSAGE = 3;
const PER_NAME = 1;
const BEFORE_ANSWER = 3;
/** What stands around a function; the rest of it is its JSON. */
const PER_TOOL = 8;
/** Anthropic's own instructions about tools, by its price list. */
const CLAUDE_TOOLS = 346;

type Anything = Readonly<Record<string, unknown>>;

/** Reads the request of any operation. What it does not understand counts nothing. */
export function partsOf(request: object, model: string, family: ModelFamily): PromptParts {
  const parts: PromptParts = { texts: [], tokens: 0 };
  const { messages, tools, functions, response_format, prompt, suffix, input, query, documents } = request as Anything;
  if (Array.isArray(messages)) {
    parts.tokens += BEFORE_ANSWER;
    for (const message of messages) if (isObject(message)) addMessage(parts, message, model, family);
  }
  for (const list of [tools, functions]) {
    if (!Array.isArray(list) || list.length === 0) continue;
    parts.tokens += list.length * PER_TOOL + (family.maker === 'anthropic' ? CLAUDE_TOOLS : 0);
    addJson(parts, list);
  }
  if (isObject(response_format) && isObject(response_format.json_schema)) addJson(parts, response_format.json_schema);
  for (const given of [prompt, suffix, input, query]) addInput(parts, given);
  if (Array.isArray(documents)) for (const document of documents) addText(parts, isObject(document) ? document.text : document);
  return parts;
}

function addMessage(parts: PromptParts, message: Anything, model: string, family: ModelFamily): void {
  const { content, name, tool_calls, function_call, reasoning_content, thinking_blocks, refusal } = message;
  parts.tokens += PER_MESSAGE + 1; // the role is a word
  if (typeof name === 'string') {
    parts.tokens += PER_NAME;
    parts.texts.push(name);
  }
  for (const text of [content, refusal]) addText(parts, text);
  if (Array.isArray(content)) for (const part of content) if (isObject(part)) addPart(parts, part, model, family);
  if (Array.isArray(tool_calls)) {
    for (const call of tool_calls) if (isObject(call)) addCall(parts, call.function ?? call.custom);
  }
  addCall(parts, function_call);
  if (Array.isArray(thinking_blocks)) {
    for (const block of thinking_blocks) if (isObject(block)) addText(parts, block.thinking ?? block.data);
  } else addText(parts, reasoning_content);
}

function addPart(parts: PromptParts, part: Anything, model: string, family: ModelFamily): void {
  const { image_url, input_audio, file } = part;
  addText(parts, part.text ?? part.refusal);
  if (isObject(image_url) && typeof image_url.url === 'string') {
    parts.tokens += imageTokens(model, family, image_url.url, image_url.detail);
  }
  if (isObject(input_audio) && typeof input_audio.data === 'string') {
    parts.tokens += audioTokens(family, input_audio.data.length, input_audio.format);
  }
  if (isObject(file)) parts.tokens += fileTokens(family, typeof file.file_data === 'string' ? file.file_data : undefined);
}

function addCall(parts: PromptParts, call: unknown): void {
  if (!isObject(call)) return;
  parts.tokens += PER_MESSAGE;
  for (const text of [call.name, call.arguments, call.input]) addText(parts, text);
}

/** Texts, lists of texts, and lists of tokens. */
function addInput(parts: PromptParts, input: unknown): void {
  addText(parts, input);
  if (!Array.isArray(input)) return;
  if (typeof input[0] === 'number') parts.tokens += input.length;
  else for (const item of input) addInput(parts, item);
}

function addText(parts: PromptParts, text: unknown): void {
  if (typeof text === 'string' && text !== '') parts.texts.push(text);
}

function addJson(parts: PromptParts, value: unknown): void {
  addText(parts, JSON.stringify(value));
}

const isObject = (value: unknown): value is Anything => typeof value === 'object' && value !== null && !Array.isArray(value);
