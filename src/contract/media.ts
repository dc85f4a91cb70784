/** Bytes of an image or document, ready for a request body. */
export interface Media {
  readonly mimeType: string;
  /** Base64 without a prefix. */
  readonly data: string;
}

/** Fetches an `http(s)` URL: public addresses only, size-capped. */
export type MediaSource = (url: string, signal?: AbortSignal) => Promise<Media>;
