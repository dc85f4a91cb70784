import type { DecodeContext } from '../../contract/codec.ts';
import type { ModelInfo, ModelList } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';
import { notTheProtocol, refuseFailure } from './body-failure.ts';
import type { Quirks } from './quirks.ts';

export function modelsEncoder(quirks: Quirks): () => WireMessage {
  const message: WireMessage = { method: 'GET', path: quirks.paths?.models ?? '/models' };
  return () => message;
}

/** Models under `data` or `models`, or as a bare list (Together); names under `id`, `name` or `model`. */
export function decodeModels(body: unknown, context: DecodeContext<'models'>): ModelList {
  if (isRecord(body)) refuseFailure(body, context);
  const list = isRecord(body) ? (body.data ?? body.models) : body;
  if (!Array.isArray(list) || (list.length > 0 && isRecord(list[0]) && list[0].error)) {
    throw notTheProtocol(body, 'data', context);
  }
  return { object: 'list', data: list.filter(isRecord).map((entry) => modelInfo(entry, context)) };
}

function modelInfo(entry: Fields, context: DecodeContext): ModelInfo {
  const provider = isRecord(entry.top_provider) ? entry.top_provider : undefined;
  const meta = isRecord(entry.meta) ? entry.meta : undefined;
  const input = firstCount(
    entry.context_window,
    entry.context_length,
    entry.max_model_len,
    entry.max_context_length,
    meta?.n_ctx_train,
  );
  const output = firstCount(
    entry.max_output_tokens,
    entry.max_completion_tokens,
    entry.max_output_length,
    provider?.max_completion_tokens,
  );
  return {
    ...entry,
    id: String(entry.id ?? entry.name ?? entry.model ?? ''),
    object: 'model',
    created: typeof entry.created === 'number' ? entry.created : 0,
    owned_by: typeof entry.owned_by === 'string' ? entry.owned_by : context.call.target.provider,
    ...(input === undefined ? {} : { context_window: input }),
    ...(output === undefined ? {} : { max_output_tokens: output }),
  };
}

const firstCount = (...values: unknown[]): number | undefined =>
  values.find((value): value is number => typeof value === 'number' && value > 0);
