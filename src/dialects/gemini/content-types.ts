/** One part of a Gemini turn, as it is sent. */
export interface GeminiPart {
  text?: string;
  thought?: boolean;
  thoughtSignature?: string;
  inlineData?: { readonly mimeType: string; readonly data: string };
  fileData?: { readonly mimeType?: string; readonly fileUri: string };
  functionCall?: { readonly id?: string; readonly name: string; readonly args: object };
  functionResponse?: {
    readonly id?: string;
    readonly name: string;
    readonly response: object;
    readonly parts?: readonly GeminiPart[];
  };
}

/** One turn of a Gemini conversation. */
export interface GeminiContent {
  readonly role: 'user' | 'model';
  readonly parts: GeminiPart[];
}

/**
 * What Gemini's replies carry beyond openai's fields, on messages, deltas and tool calls.
 * Messages sent back unchanged return all of it to the model.
 */
export interface GoogleExtras {
  extra_content?: {
    google?: {
      /** Of the tool call that it sits on; on a message: of its text. */
      thought_signature?: string;
      /** Parts without a counterpart in openai's messages (code execution, server-side tools), as they came. */
      parts?: object[];
      /** Sources of a search, as they came. */
      grounding_metadata?: object;
      citation_metadata?: object;
      /** With `finish_reason: 'length'`: send it as `providerOptions.gemini.continuationToken` to go on. */
      continuation_token?: string;
    };
  };
}

/** An image that the model made, in the shape that OpenAI-compatible gateways use. */
export interface ReplyImage extends GoogleExtras {
  type: 'image_url';
  image_url: { url: string };
}
