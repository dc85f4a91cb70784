import type { ReplyCodec } from '../../contract/codec.ts';
import type { ModelInfo } from '../../contract/vectors.ts';
import { isRecord } from '../chat-rules.ts';

/** The largest page that the API gives. */
const PAGE_SIZE = 1000;

/** One page of the model list after `known`. Calls `next` with the cursor when there is another page. */
export function modelsPage(
  known: readonly ModelInfo[],
  after: string | undefined,
  next: (cursor: string) => void,
): ReplyCodec<'models'> {
  return {
    encode: () => ({
      method: 'GET',
      path: `/v1/models?limit=${PAGE_SIZE}${after === undefined ? '' : `&after_id=${encodeURIComponent(after)}`}`,
    }),
    decode(body, context) {
      if (!isRecord(body)) throw context.invalid('the answer is no object');
      if (body.type === 'error' || isRecord(body.error)) throw context.failure(body);
      if (!Array.isArray(body.data)) throw context.invalid('the answer has no "data"');
      const page = body.data.filter(isRecord).filter(({ id }) => typeof id === 'string');
      if (body.has_more === true && page.length > 0 && typeof body.last_id === 'string' && body.last_id !== after)
        next(body.last_id);
      return { object: 'list', data: [...known, ...page.map(modelOf)] };
    },
  };
}

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
