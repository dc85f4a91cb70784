/** What every contestant must be able to do. */
export interface BenchClient {
  /** A whole reply; returns its text's length. */
  call(model: string, content: string | ImageContent): Promise<number>;
  /** A stream read to its end; `onChunk` hears of each text. Returns the number of texts. */
  stream(model: string, onFirst?: () => void): Promise<number>;
}

export interface ImageContent {
  readonly text: string;
  /** A data URI. */
  readonly image: string;
}

export type MakeClient = (origin: string) => BenchClient | Promise<BenchClient>;

export const messagesOf = (content: string | ImageContent): { role: 'user'; content: string | object[] }[] => [
  {
    role: 'user',
    content:
      typeof content === 'string'
        ? content
        : [
            { type: 'text', text: content.text },
            { type: 'image_url', image_url: { url: content.image } },
          ],
  },
];
