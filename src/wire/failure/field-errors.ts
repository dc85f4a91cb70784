import type { FieldError } from '../../errors/provider-errors.ts';
import type { Fields } from './fields.ts';
import { at, isFields, objectsAt, textAt } from './fields.ts';

const MAX_FIELDS = 20;
const MAX_PATH = 200;

function pathOf(loc: unknown): string {
  const parts = Array.isArray(loc)
    ? loc.slice(0, 12).filter((part) => typeof part === 'string' || typeof part === 'number')
    : [loc];
  return parts
    .map(String)
    .filter((part) => part !== '' && part !== 'undefined' && part !== 'null')
    .join('.')
    .slice(0, MAX_PATH);
}

/** One entry of a validation list: FastAPI's `loc`/`msg`, Google's and Replicate's `field`/`description`. */
export function fieldErrorOf(entry: unknown): FieldError | undefined {
  if (!isFields(entry)) return undefined;
  const fastApi = textAt(entry, 'msg');
  if (fastApi !== undefined) return { path: pathOf(at(entry, 'loc')), message: fastApi };
  const described = textAt(entry, 'description');
  if (described === undefined) return undefined;
  return { path: pathOf(at(entry, 'field')), message: described };
}

const listOf = (list: unknown): FieldError[] =>
  Array.isArray(list)
    ? list.slice(0, MAX_FIELDS).flatMap((entry) => {
        const error = fieldErrorOf(entry);
        return error === undefined ? [] : [error];
      })
    : [];

/** Every field that a body names as wrong, wherever it lists them. */
export function fieldErrorsOf(json: unknown): readonly FieldError[] {
  const outer = Array.isArray(json) ? json[0] : json;
  if (!isFields(outer)) return [];
  const error = at(outer, 'error');
  const layers: Fields[] = [outer, ...(isFields(error) ? [error] : [])];
  const lists = layers.flatMap((layer) => [
    at(layer, 'detail'),
    at(layer, 'message'),
    at(layer, 'message', 'detail'),
    at(layer, 'invalid_fields'),
    ...objectsAt(layer, 'details').map((detail) => at(detail, 'fieldViolations')),
  ]);
  return lists.flatMap(listOf).slice(0, MAX_FIELDS);
}
