import type { ModelInfo } from '../../contract/vectors.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { ModelPages } from '../../dialects/model-pages.ts';

const PAGE = 100;

/** The account's models. Pages have numbers. */
export const modelPages: ModelPages = {
  path: (number = '1') => `/models/search?page=${number}&per_page=${PAGE}`,
  decode(body, context, number = '1') {
    if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
    if (body.success === false || !Array.isArray(body.result)) {
      throw body.success === false ? context.failure(body) : context.invalid('no "result" in the answer');
    }
    const { total_pages: pages } = isRecord(body.result_info) ? body.result_info : {};
    const more = typeof pages === 'number' ? Number(number) < pages : body.result.length >= PAGE;
    return { models: body.result.filter(isRecord).map(modelOf), next: more ? String(Number(number) + 1) : undefined };
  },
};

/** Models go by their name; `id` is a number of the catalogue. */
function modelOf(entry: Record<string, unknown>): ModelInfo {
  const created = typeof entry.created_at === 'string' ? Date.parse(entry.created_at) : Number.NaN;
  const properties = Array.isArray(entry.properties) ? entry.properties.filter(isRecord) : [];
  const window = Number(properties.find(({ property_id: name }) => name === 'context_window')?.value);
  return {
    id: String(entry.name ?? entry.id ?? ''),
    object: 'model',
    created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
    owned_by: 'cloudflare',
    ...(window > 0 ? { context_window: window } : {}),
  };
}
