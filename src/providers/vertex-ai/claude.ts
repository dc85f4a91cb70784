import type { ReplyCodec, StreamCodec } from '../../contract/codec.ts';
import { chatCodec, streamCodec } from '../../dialects/anthropic/anthropic-dialect.ts';
import { withInlineMedia } from '../../dialects/anthropic/inline-media.ts';
import type { Placement } from '../../dialects/anthropic/placement.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { resourceName } from './gemini-service.ts';

/** Its own value, neither Anthropic's nor Bedrock's. */
const VERSION = 'vertex-2023-10-16';

/** Messages go to the model's path; the version is part of the body, and the path says whether to stream too. */
export const claudeOnVertex = (root: string | undefined, structuredOutput: boolean, provider: string): Placement => ({
  version: VERSION,
  structuredOutput: structuredOutput ? undefined : false,
  place({ model: _, ...body }, { model, stream, betas, version }) {
    const name = resourceName(model, root);
    if (!name.startsWith('projects/')) throw withoutProject(provider, model);
    const path = name.split('/').map(encodeURIComponent).join('/');
    return {
      path: `/${path}:${stream ? 'streamRawPredict' : 'rawPredict'}`,
      body: { anthropic_version: version ?? VERSION, ...body },
      ...(betas.length === 0 ? {} : { headers: { 'anthropic-beta': betas.join(',') } }),
    };
  },
});

/** The service loads no images and documents by address. */
export function claudeCodecs(placement: Placement): {
  readonly chat: ReplyCodec<'chat'>;
  readonly stream: StreamCodec<'stream'>;
} {
  const chat = chatCodec(placement);
  const stream = streamCodec(placement);
  return {
    chat: {
      ...chat,
      encode(call) {
        const ready = withInlineMedia(call);
        return ready instanceof Promise ? ready.then(chat.encode) : chat.encode(ready);
      },
    },
    stream: {
      ...stream,
      encode(call) {
        const ready = withInlineMedia(call);
        return ready instanceof Promise ? ready.then(stream.encode) : stream.encode(ready);
      },
    },
  };
}

const withoutProject = (provider: string, model: string): ConfigurationError =>
  new ConfigurationError({
    message: `an API key without a project reaches Gemini only: give providers.${provider}.project and accessToken for "${model}"`,
    provider,
    model,
    code: 'missing_setting',
    param: `providers.${provider}.project`,
  });
