import type { ReplyCodec } from '../../contract/codec.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { stringOf } from './answer.ts';

/** The foundation models of a region, from the control plane. Inference profiles are not among them. */
export const modelsCodec: ReplyCodec<'models'> = {
  encode: () => ({ method: 'GET', path: '/foundation-models' }),
  decode(body, context) {
    const models = isRecord(body) ? body.modelSummaries : undefined;
    if (!Array.isArray(models)) {
      if (isRecord(body) && (body.message !== undefined || body.Message !== undefined)) throw context.failure(body);
      throw context.invalid('no "modelSummaries" in the answer');
    }
    const data = models.filter(isRecord).map(({ modelId, providerName }) => ({
      id: stringOf(modelId),
      object: 'model' as const,
      created: 0,
      owned_by: stringOf(providerName),
    }));
    return { object: 'list', data };
  },
};
