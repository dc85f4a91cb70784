import type { Call } from '../../contract/call.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { Scope } from './settings.ts';
import { missingScope } from './settings.ts';

/** What of every request is the same for all calls of a client. */
export interface WatsonxPlace {
  readonly apiVersion: string;
  readonly scope: Scope | undefined;
}

/** The address of a method, and the fields by which its body says which model is meant. */
export interface Placed {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
}

const DEPLOYMENT = /^deployment\/(.+)$/;

/**
 * `deployment/<id>` is a model of the caller's own, which its path names; all others are named in the body.
 *
 * @throws ConfigurationError when neither project nor space is known.
 */
export function placed({ apiVersion, scope }: WatsonxPlace, call: Call, method: string): Placed {
  const { provider, model } = call.target;
  const query = `?version=${apiVersion}`;
  const deployment = DEPLOYMENT.exec(model)?.[1];
  if (deployment !== undefined)
    return { path: `/ml/v1/deployments/${encodeURIComponent(deployment)}${method}${query}`, fields: {} };
  if (scope === undefined) throw missingScope(provider, model);
  return { path: `/ml/v1${method}${query}`, fields: { model_id: model, ...scope } };
}

/** The caller's settings for this provider alone. */
export function optionsOf(call: Call<'complete' | 'completeStream' | 'embed' | 'rerank'>): Record<string, unknown> {
  const options: unknown = call.request.providerOptions?.[call.target.provider];
  return isRecord(options) ? options : {};
}

/** Own options over what was encoded; `parameters` of both are one. */
export function withOptions(body: Record<string, unknown>, options: Record<string, unknown>): Record<string, unknown> {
  const parameters = {
    ...(isRecord(body.parameters) ? body.parameters : {}),
    ...(isRecord(options.parameters) ? options.parameters : {}),
  };
  const { parameters: _, ...rest } = { ...body, ...options };
  return Object.keys(parameters).length === 0 ? rest : { ...rest, parameters };
}
