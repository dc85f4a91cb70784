import type { Call } from '../contract/call.ts';
import { BadRequestError } from '../errors/provider-errors.ts';

/** `.` and `..` as a segment: URLs resolve them, and no encoding keeps them from it. */
const DOTS = /\/\.{1,2}(?=[/?]|$)/;

/**
 * The path of a request. A model or an id that is `..` would make another request of it, with the same key.
 *
 * @throws BadRequestError for a path with such a segment.
 */
export function checkedPath(path: string, { target }: Call): string {
  if (!DOTS.test(path)) return path;
  const { provider, model } = target;
  const message = 'a model or id of "." or ".." leads elsewhere';
  throw new BadRequestError({ message, provider, model, status: 400, code: 'invalid_path' });
}
