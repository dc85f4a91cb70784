import type { Call } from '../../contract/call.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';

/** Where a prediction is created, and what its body needs besides the input. */
export interface Address {
  readonly path: string;
  readonly version?: string;
}

const VERSION = /^[0-9a-f]{64}$/;

/**
 * Reads a model string: an official model, a version of any model, or a deployment.
 *
 * @throws BadRequestError for a path that cannot be one of them.
 */
export function addressOf({ target }: Call): Address {
  const { model, provider } = target;
  const colon = model.lastIndexOf(':');
  const version = colon === -1 ? model : model.slice(colon + 1);
  if (VERSION.test(version)) return { path: '/predictions', version };
  if (colon !== -1) return { path: '/predictions', version: model };
  const deployment = /^deployments\/([^/]+)\/([^/]+)$/.exec(model);
  if (deployment !== null) {
    const [, owner = '', name = ''] = deployment;
    return { path: `/deployments/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/predictions` };
  }
  const parts = model.split('/');
  if (parts.length <= 2 && parts.every((part) => part !== '' && part !== '.' && part !== '..')) {
    return { path: `/models/${parts.map(encodeURIComponent).join('/')}/predictions` };
  }
  throw new BadRequestError({
    message: `"${model}" is no model of Replicate; write owner/name, owner/name:<version> or deployments/owner/name`,
    provider,
    model,
    status: 400,
    param: 'model',
  });
}

/** The requests about a prediction that exists. Made from its id, never from the addresses that an answer names. */
export const predictionPath = (id: string): string => `/predictions/${encodeURIComponent(id)}`;
