import type { AuthClient } from 'google-auth-library';
import type { Call } from '../../contract/call.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { AuthenticationError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { APIConnectionError } from '../../errors/wire-errors.ts';
import type { TokenSource } from '../../wire/auth/token-authorization.ts';
import { isToken } from '../../wire/auth/token-exchange.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** The caller's own function. It keeps its tokens itself and is asked for every request. */
export class CallersTokens implements TokenSource {
  current: string | undefined;
  readonly #getToken: () => unknown;

  constructor(getToken: () => unknown) {
    this.#getToken = getToken;
  }

  async token(call: Call): Promise<string> {
    const { provider, model } = call.target;
    let token: unknown;
    try {
      token = await this.#getToken();
    } catch (cause) {
      if (isLLMError(cause)) throw cause as LLMError;
      const message = 'accessToken gave no token: it failed';
      throw new AuthenticationError({ message, provider, model, code: 'token_provider_failed', cause });
    }
    if (!isToken(token)) throw noToken(call);
    this.current = token;
    return token;
  }

  discard(): void {}
}

function noToken({ target: { provider, model } }: Call): ConfigurationError {
  return new ConfigurationError({
    message: 'accessToken must return a token, a string that is not empty',
    provider,
    model,
    code: 'wrong_option',
    param: `providers.${provider}.accessToken`,
  });
}

/** The credentials of this machine, through `google-auth-library`, which keeps and renews its tokens. */
export class MachineTokens implements TokenSource {
  current: string | undefined;
  /** The project that pays, where the credentials name one. */
  quotaProject: string | undefined;
  readonly #project: string;
  #client: Promise<AuthClient> | undefined;

  /** The library would otherwise look for the project, over the network too. */
  constructor(project: string) {
    this.#project = project;
  }

  async token(call: Call): Promise<string> {
    this.#client ??= machineClient(this.#project, call);
    const client = this.#client;
    try {
      const ready = await client;
      const { token } = await ready.getAccessToken();
      if (!isToken(token)) throw new Error('the credentials of this machine gave no token');
      this.quotaProject = ready.quotaProjectId;
      this.current = token;
      return token;
    } catch (cause) {
      if (this.#client === client) this.#client = undefined;
      throw isLLMError(cause) ? cause : failedToAuthorize(cause, call);
    }
  }

  /** The next token comes from credentials that are read anew. */
  discard(token: string): void {
    if (this.current === token) this.#client = undefined;
  }
}

async function machineClient(projectId: string, call: Call): Promise<AuthClient> {
  const { GoogleAuth } = await loadLibrary(call);
  return new GoogleAuth({ scopes: [SCOPE], projectId }).getClient();
}

async function loadLibrary({ target: { provider, model } }: Call): Promise<typeof import('google-auth-library')> {
  try {
    return await import('google-auth-library');
  } catch (cause) {
    throw new ConfigurationError({
      message: `the credentials of this machine are read by the package google-auth-library: install it (npm install google-auth-library), or give providers.${provider}.accessToken`,
      provider,
      model,
      code: 'missing_package',
      cause,
    });
  }
}

/** No credentials at all are a matter of setup; refused ones of authentication; everything else is the network's. */
function failedToAuthorize(cause: unknown, { target: { provider, model } }: Call): LLMError {
  const { message = '', response } = cause as { message?: string; response?: { status?: number; data?: { error?: unknown } } };
  if (/default credentials|credential file|unable to (?:find|detect)|does not exist/i.test(message)) {
    const advice = `run "gcloud auth application-default login", set GOOGLE_APPLICATION_CREDENTIALS, or give providers.${provider}.accessToken`;
    return new ConfigurationError({
      message: `this machine has no Google credentials: ${advice}`,
      provider,
      model,
      code: 'missing_setting',
      cause,
    });
  }
  const status = response?.status;
  const code = typeof response?.data?.error === 'string' ? response.data.error.slice(0, 80) : undefined;
  const init = { provider, model, code, cause };
  if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429) {
    return new AuthenticationError({ ...init, message: 'Google refused the credentials of this machine', status }) as LLMError;
  }
  return new APIConnectionError({ ...init, message: 'no token could be got for the credentials of this machine' }) as LLMError;
}
