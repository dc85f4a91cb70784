import type { GeminiService } from '../../dialects/gemini/service-traits.ts';
import { routeOf } from './model-route.ts';

const YOUTUBE = /^https?:\/\/(?:(?:www|m)\.)?(?:youtube\.com|youtu\.be)\//;

/** What Gemini on Vertex AI does otherwise than at the Gemini Developer API. */
export const geminiOnVertex = (root: string | undefined): GeminiService => ({
  modelName: (model) => resourceName(model, root),
  optionsKey: 'vertex_ai',
  functionCallIds: false,
  penaltiesOn25: true,
  labels: true,
  serverToolFlag: false,
  serviceTier: (tier) =>
    tier === 'standard'
      ? {}
      : {
          headers: {
            'x-vertex-ai-llm-request-type': 'shared',
            'x-vertex-ai-llm-shared-request-type': tier,
          },
        },
  readsURL: (url) => url.startsWith('gs://') || YOUTUBE.test(url),
});

/** The whole name of a model, with the project unless there is none. */
export function resourceName(model: string, root: string | undefined): string {
  const route = routeOf(model);
  const at = route.root ?? root;
  return at === undefined ? route.resource : `${at}/${route.resource}`;
}
