import { ConfigurationError } from '../errors/setup-errors.ts';

/** @throws ConfigurationError for what is no id at all; whether there is such a thing is the store's to say. */
export function checkId(id: unknown, what: 'a file' | 'a batch'): void {
  if (typeof id === 'string' && id !== '') return;
  throw new ConfigurationError({ message: `id: expected the id of ${what}`, code: 'wrong_argument', param: 'id' });
}
