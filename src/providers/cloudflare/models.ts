import type { DecodeContext } from '../../contract/codec.ts';
import type { ModelInfo, ModelList } from '../../contract/vectors.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { Steps } from '../../wire/steps.ts';

const PAGE = 100;
const MOST_PAGES = 50;

interface Page {
  readonly models: readonly ModelInfo[];
  readonly last: boolean;
}

/** All pages of the account's models. */
export async function allModels(steps: Steps<'models'>): Promise<ModelList> {
  const data: ModelInfo[] = [];
  for (let number = 1; number <= MOST_PAGES; number++) {
    const path = `/models/search?page=${number}&per_page=${PAGE}`;
    const page = await steps.reply({ method: 'GET', path }, decodePage);
    data.push(...page.models);
    if (page.last) break;
  }
  return { object: 'list', data };
}

function decodePage(body: unknown, context: DecodeContext<'models'>): Page {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  if (body.success === false || !Array.isArray(body.result)) {
    throw body.success === false ? context.failure(body) : context.invalid('no "result" in the answer');
  }
  const info = isRecord(body.result_info) ? body.result_info : {};
  const { page, total_pages: pages } = info;
  const more = typeof page === 'number' && typeof pages === 'number' ? page < pages : body.result.length >= PAGE;
  return { models: body.result.filter(isRecord).map(modelOf), last: !more };
}

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
