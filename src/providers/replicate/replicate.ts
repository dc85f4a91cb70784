import type { Capabilities } from '../../contract/capabilities.ts';
import type { ProviderDefinition } from '../../contract/provider.ts';
import { steppedOperation } from '../../wire/steps.ts';
import { defineProvider } from '../define-provider.ts';
import { requireKey } from '../settings.ts';
import { replicateFailures } from './failure.ts';
import { followedChat } from './follow.ts';
import { LACKS } from './input.ts';
import { chatReplyOf } from './prediction.ts';
import { runPrediction } from './run.ts';

const BASE_URL = 'https://api.replicate.com/v1';
const KEYS = ['REPLICATE_API_TOKEN', 'REPLICATE_API_KEY'] as const;

const capabilities: Capabilities = {
  dialect: 'replicate',
  operations: ['chat', 'stream'],
  keys: KEYS,
  keyless: false,
  needs: [],
  tools: false,
  toolChoices: [],
  images: true,
  structuredOutput: 'none',
  reasoning: false,
  lacks: LACKS,
  streamUsage: false,
  saysFiltered: false,
  saysLength: false,
  errorCodes: false,
  requestIdHeaders: replicateFailures.requestIdHeaders ?? [],
};

/**
 * Replicate: every call is a prediction, a job that is waited for. `model` is `owner/name` (official models),
 * `owner/name:<version>` or `<version>`, or `deployments/owner/name`. `baseURL` is the one of Replicate's SDK, with `/v1`.
 * `providerOptions.replicate.input` adds inputs of the model's own; `null` takes one out that it does not know.
 *
 * A prediction that nobody waits for any more is cancelled: at an abort, at a limit, when a stream is left. While the
 * request that creates it is still open its id is unknown; then the service ends it at the limit that was sent along.
 */
export const replicate: ProviderDefinition = defineProvider({
  id: 'replicate',
  declares: capabilities,
  create(context) {
    const key = requireKey(context, KEYS);
    const wire = context.connect({
      baseURL: context.settings.baseURL ?? BASE_URL,
      headers: { authorization: `Bearer ${key}` },
      failures: replicateFailures,
      secrets: [key],
    });
    const ownOrigin = context.settings.baseURL === undefined ? undefined : new URL(context.settings.baseURL).origin;
    return {
      id: context.id,
      wire,
      operations: {
        chat: steppedOperation<'chat'>(wire, async (steps) => chatReplyOf(await runPrediction(wire, steps), steps.call)),
        stream: steppedOperation<'stream'>(wire, (steps) => followedChat(wire, steps, ownOrigin)),
      },
    };
  },
});
