import type { ModelInfo } from '../../contract/vectors.ts';
import { isRecord } from '../chat-rules.ts';
import type { ModelPages } from '../model-pages.ts';
import { cursorOf, pageQuery } from '../model-pages.ts';

/** The largest page that the API gives. */
const PAGE_SIZE = 1000;

/** Anthropic's own list of models. */
export const modelPages: ModelPages = {
  path: (cursor) => `/v1/models?limit=${PAGE_SIZE}${pageQuery('after_id', cursor)}`,
  decode(body, context) {
    if (!isRecord(body)) throw context.invalid('the answer is no object');
    if (body.type === 'error' || isRecord(body.error)) throw context.failure(body);
    if (!Array.isArray(body.data)) throw context.invalid('the answer has no "data"');
    const models = body.data.filter(isRecord).filter(({ id }) => typeof id === 'string');
    return { models: models.map(modelOf), next: body.has_more === true ? cursorOf(body.last_id) : undefined };
  },
};

function modelOf(model: Record<string, unknown>): ModelInfo {
  const created = typeof model.created_at === 'string' ? Date.parse(model.created_at) : Number.NaN;
  return {
    id: String(model.id),
    object: 'model',
    created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
    owned_by: 'anthropic',
    ...(typeof model.max_input_tokens === 'number' ? { context_window: model.max_input_tokens } : {}),
    ...(typeof model.max_tokens === 'number' ? { max_output_tokens: model.max_tokens } : {}),
  };
}
