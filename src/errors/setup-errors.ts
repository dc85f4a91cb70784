import type { ErrorInit } from './llm-error.ts';
import { stamp } from './llm-error.ts';
import { SetupErrorBase } from './openai-bases.ts';

/** An option, key, address or argument is missing or wrong; the message names its path and what would be right. */
export class ConfigurationError extends SetupErrorBase {
  declare readonly kind: 'configuration';

  constructor(init: ErrorInit) {
    super(init.message);
    stamp(this, 'ConfigurationError', 'configuration', init);
  }
}

/** The provider does not offer this operation. Raised before any request. */
export class UnsupportedOperationError extends SetupErrorBase {
  declare readonly kind: 'unsupported_operation';

  constructor(init: ErrorInit) {
    super(init.message);
    stamp(this, 'UnsupportedOperationError', 'unsupported_operation', init);
  }
}
