import { ConfigurationError } from '../errors/setup-errors.ts';

/** For a client that was made without a batch engine, asked without a provider. */
export function noEngine(what: 'files' | 'batches'): ConfigurationError {
  const message = `${what}: this client has no batch engine; createClient({ batches: batchEngine() }) with one from holdfast/batches, or { provider: 'openai' } for the ${what} that a provider keeps itself`;
  return new ConfigurationError({ message, code: 'no_engine', param: 'createClient.batches' });
}
