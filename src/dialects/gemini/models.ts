import type { ModelInfo } from '../../contract/vectors.ts';
import { isRecord } from '../chat-rules.ts';
import type { ModelPages } from '../model-pages.ts';
import { cursorOf, pageQuery } from '../model-pages.ts';
import { failureOf } from './answer-head.ts';

/** The largest page that the API gives. */
const PAGE_SIZE = 1000;

/** The list of models of the Gemini Developer API. */
export const modelPages: ModelPages = {
  path: (cursor) => `/models?pageSize=${PAGE_SIZE}${pageQuery('pageToken', cursor)}`,
  decode(body, context) {
    if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
    const failure = failureOf(body, context);
    if (failure !== undefined) throw failure;
    if (body.models !== undefined && !Array.isArray(body.models)) throw context.invalid('"models" in the answer is no list');
    return { models: (body.models ?? []).flatMap(modelOf), next: cursorOf(body.nextPageToken) };
  },
};

function modelOf(model: unknown): ModelInfo[] {
  if (!isRecord(model) || typeof model.name !== 'string') return [];
  const { name, inputTokenLimit, outputTokenLimit } = model;
  return [
    {
      id: name.replace(/^models\//, ''),
      object: 'model',
      created: 0,
      owned_by: 'google',
      ...(typeof inputTokenLimit === 'number' ? { context_window: inputTokenLimit } : {}),
      ...(typeof outputTokenLimit === 'number' ? { max_output_tokens: outputTokenLimit } : {}),
    },
  ];
}
