const REQUESTS = new WeakMap<AbortSignal, Request>();

/** The signal of a request. It keeps the request, without which it would no longer follow the signal that the request was made with. */
export function heldSignal(request: Request): AbortSignal {
  REQUESTS.set(request.signal, request);
  return request.signal;
}
