/** A medium that must not or cannot be used, and why. Internal: becomes a `BadRequestError`. */
export class MediaRefusal extends Error {}

/** Gets one URL, without following redirects. Throws {@link MediaRefusal} or the network's own error. */
export type MediaDownload = (url: URL, hop: MediaHop) => Promise<MediaAnswer>;

export interface MediaHop {
  readonly maxBytes: number;
  /** Which IP addresses may be contacted. */
  readonly allows: (address: string) => boolean;
  /** The addresses of a host; default the system's resolver. */
  readonly resolve: ((host: string) => Promise<string[]>) | undefined;
  readonly signal: AbortSignal;
}

export interface MediaAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly type: string;
  /** Base64; empty unless the status is 200. */
  readonly data: string;
}
