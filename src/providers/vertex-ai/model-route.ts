import type { Call } from '../../contract/call.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';

/** How a model is spoken to, and what its path and body call it. */
export interface ModelRoute {
  /** `gemini`, Claude, Mistral, or the OpenAI dialect for all other publishers. */
  readonly speaks: 'gemini' | 'claude' | 'mistral' | 'open';
  /** `projects/…/locations/…` where the model's name says so itself. */
  readonly root: string | undefined;
  /** The rest of its name: `publishers/google/models/gemini-…`, `endpoints/123`. */
  readonly resource: string;
  readonly publisher: string;
  /** Without its publisher. */
  readonly name: string;
}

const ROOT = /^(projects\/[^/]+\/locations\/[^/]+)\/(.+)$/;
const PUBLISHED = /^publishers\/([^/]+)\/models\/(.+)$/;
const ENDPOINT = /^(?:endpoints\/)?(\d+)$|^endpoints\/([^/]+)$/;

/** Publishers of models that are known by a bare name. */
const PUBLISHERS: readonly (readonly [RegExp, string])[] = [
  [/^claude-/, 'anthropic'],
  [/^(?:mistral|codestral|ministral|magistral|pixtral)-/, 'mistralai'],
];

const SPEAKS: Readonly<Record<string, ModelRoute['speaks']>> = { google: 'gemini', anthropic: 'claude', mistralai: 'mistral' };

/** `claude-…`, `gemini-…`, `meta/llama-…-maas`, `publishers/x/models/y`, `endpoints/123`, or any of the latter after `projects/…/locations/…/`. */
export function routeOf(model: string): ModelRoute {
  const rooted = ROOT.exec(model);
  const root = rooted?.[1];
  const below = rooted?.[2] ?? model;
  const endpoint = ENDPOINT.exec(below);
  const id = endpoint?.[1] ?? endpoint?.[2];
  if (id !== undefined) return { speaks: 'gemini', root, resource: `endpoints/${id}`, publisher: 'google', name: id };
  const published = PUBLISHED.exec(below);
  if (published !== null) return routeTo(published[1] ?? '', published[2] ?? '', root);
  const slash = below.indexOf('/');
  if (slash > 0) return routeTo(below.slice(0, slash), below.slice(slash + 1), root);
  return routeTo(PUBLISHERS.find(([names]) => names.test(below))?.[1] ?? 'google', below, root);
}

/**
 * The route of a call's model.
 *
 * @throws BadRequestError for a name that would lead to another path.
 */
export function routeFor(call: Call): ModelRoute {
  const { provider, model } = call.target;
  if (model.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')) return routeOf(model);
  throw new BadRequestError({ message: `"${model}" is not the name of a model`, provider, model, param: 'model' });
}

function routeTo(publisher: string, given: string, root: string | undefined): ModelRoute {
  const speaks = Object.hasOwn(SPEAKS, publisher) ? (SPEAKS[publisher] ?? 'open') : 'open';
  const name = speaks === 'claude' ? datedName(given) : given;
  return { speaks, root, resource: `publishers/${publisher}/models/${name}`, publisher, name };
}

/** Anthropic's own `claude-sonnet-4-5-20250929` is `claude-sonnet-4-5@20250929` here. */
const datedName = (name: string): string => name.replace(/-(\d{8})$/, '@$1');
