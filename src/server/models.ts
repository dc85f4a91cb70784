import type { LLMClient } from '../client/create-client.ts';
import { json, unknownModel } from './answers.ts';

interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
}

/** The names that the server gives; `?provider=` lists what a provider offers. */
export async function listModels(client: LLMClient, url: URL, models: Readonly<Record<string, string>>): Promise<Response> {
  const provider = url.searchParams.get('provider');
  if (provider === null) return json({ object: 'list', data: Object.entries(models).map(listed) });
  const { data } = await client.models.list({ provider });
  return json({ object: 'list', data: data.map((model) => ({ ...model, id: `${provider}/${model.id}` })) });
}

export function retrieveModel(id: string, models: Readonly<Record<string, string>>): Response {
  const target = Object.hasOwn(models, id) ? models[id] : id;
  if (target === undefined || !target.includes('/')) throw unknownModel(id);
  return json(listed([id, target]));
}

function listed([id, target]: readonly [string, string]): ListedModel {
  return { id, object: 'model', created: 0, owned_by: target.slice(0, Math.max(0, target.indexOf('/'))) || target };
}
