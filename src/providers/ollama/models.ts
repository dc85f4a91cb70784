import type { DecodeContext } from '../../contract/codec.ts';
import type { ModelList } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { openAnswer, text } from './answer.ts';

const MESSAGE: WireMessage = { method: 'GET', path: '/api/tags' };

export const encodeModels = (): WireMessage => MESSAGE;

/** The models that the server has; the owner is the namespace, `library` for Ollama's own. */
export function decodeModels(body: unknown, context: DecodeContext<'models'>): ModelList {
  const { models } = openAnswer(body, context);
  if (!Array.isArray(models)) throw context.invalid('no "models" in the answer');
  const data = models.filter(isRecord).map((model) => {
    const id = text(model.model) || text(model.name);
    const modified = Date.parse(text(model.modified_at));
    return {
      id,
      object: 'model' as const,
      created: Number.isNaN(modified) ? 0 : Math.floor(modified / 1000),
      owned_by: id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : 'library',
    };
  });
  return { object: 'list', data };
}
