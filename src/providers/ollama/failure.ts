import type { FailureSpec } from '../../contract/provider.ts';
import { textRule } from '../../wire/failure/rules.ts';

/** How Ollama fails, local and in its cloud. Texts from the server's source. */
export const ollamaFailures: FailureSpec = {
  requestIdHeaders: ['x-request-id'],
  rules: [
    // the same model on the same machine fails again
    textRule(
      /requires more system memory|insufficient memory|out of memory/i,
      { kind: 'internal_server', retryable: false },
      500,
    ),
    textRule(/model '?"?[^'"\s]{1,200}"?'? not found/i, 'not_found', 400, 404),
    textRule(/maximum pending requests exceeded/i, 'service_unavailable'),
  ],
};
