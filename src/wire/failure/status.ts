import type { ErrorKind } from '../../errors/kinds.ts';

const BY_STATUS: ReadonlyMap<number, ErrorKind> = new Map([
  [401, 'authentication'],
  [402, 'insufficient_credits'],
  [403, 'permission_denied'],
  [404, 'not_found'],
  [408, 'timeout'],
  [409, 'conflict'],
  [410, 'not_found'],
  [413, 'request_too_large'],
  [422, 'unprocessable_entity'],
  [424, 'internal_server'],
  [429, 'rate_limit'],
  [498, 'rate_limit'],
  [499, 'connection'],
  [501, 'bad_request'],
  [502, 'service_unavailable'],
  [503, 'service_unavailable'],
  [504, 'timeout'],
  [507, 'out_of_memory'],
  [520, 'service_unavailable'],
  [521, 'service_unavailable'],
  [522, 'service_unavailable'],
  [523, 'service_unavailable'],
  [524, 'timeout'],
  [529, 'service_unavailable'],
]);

/** What a status means when nothing else is known. `undefined` without one, and for one that is no failure. */
export function kindOfStatus(status: number | undefined): ErrorKind | undefined {
  if (status === undefined) return undefined;
  const known = BY_STATUS.get(status);
  if (known !== undefined) return known;
  if (status >= 500) return 'internal_server';
  if (status >= 400) return 'bad_request';
  if (status >= 300) return 'response_validation';
  return undefined;
}
