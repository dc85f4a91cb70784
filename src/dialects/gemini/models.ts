import type { DecodeContext, ReplyCodec } from '../../contract/codec.ts';
import type { ModelInfo, ModelList } from '../../contract/vectors.ts';
import { isRecord } from '../chat-rules.ts';
import { warn } from '../params.ts';
import { failureOf } from './answer-head.ts';

/** The largest page that the API gives; there are some dozens of models. */
const PAGE_SIZE = 1000;

/** The model list, in one page. Should there ever be a second one, a warning says so. */
export const modelsCodec: ReplyCodec<'models'> = {
  encode: () => ({ method: 'GET', path: `/models?pageSize=${PAGE_SIZE}` }),
  decode: decodeModels,
};

function decodeModels(body: unknown, context: DecodeContext<'models'>): ModelList {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const failure = failureOf(body, context);
  if (failure !== undefined) throw failure;
  if (body.models !== undefined && !Array.isArray(body.models)) throw context.invalid('"models" in the answer is no list');
  if (typeof body.nextPageToken === 'string' && body.nextPageToken !== '') {
    warn(context.call, `${context.call.target.provider} lists more than ${PAGE_SIZE} models; the rest is left out`);
  }
  return { object: 'list', data: (body.models ?? []).flatMap(modelOf) };
}

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
