/** Response headers; names in lower case, repeated ones as a list. */
export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>;
