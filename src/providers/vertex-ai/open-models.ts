import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { routeOf } from './model-route.ts';

/** Mistral's models and the open ones speak the OpenAI dialect. */
export const OPEN_QUIRKS: Quirks = hostQuirks({ offers: ['chat'] });

/** Puts a chat request where its model is: a path of its own for Mistral's models, one for all others. */
export function toPublisher(message: WireMessage, call: Call, root: string | undefined): WireMessage {
  const { provider, model } = call.target;
  const { speaks, publisher, name, resource, root: own } = routeOf(model);
  const at = own ?? root;
  if (at === undefined) {
    throw new ConfigurationError({
      message: `an API key without a project reaches Gemini only: give providers.${provider}.project and accessToken for "${model}"`,
      provider,
      model,
      code: 'missing_setting',
      param: `providers.${provider}.project`,
    });
  }
  const path = `/${at}/`;
  if (speaks === 'mistral') {
    const method = call.operation === 'stream' ? 'streamRawPredict' : 'rawPredict';
    const segments = resource.split('/').map(encodeURIComponent).join('/');
    return { ...message, path: `${path}${segments}:${method}`, body: { ...message.body, model: name } };
  }
  return {
    ...message,
    path: `${path}endpoints/openapi/chat/completions`,
    body: { ...message.body, model: `${publisher}/${name}` },
  };
}
