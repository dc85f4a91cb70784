/** The service tiers that Gemini knows. */
export type GeminiServiceTier = 'standard' | 'flex' | 'priority';

/** What differs between the services that speak Gemini. */
export interface GeminiService {
  /** Name of a model as request bodies carry it: `models/gemini-3.6-flash`. Its path is the same, percent-encoded. */
  modelName(model: string): string;
  /** The entry of `providerOptions` that is read. */
  readonly optionsKey: string;
  /** Function calls and responses may carry an `id`. */
  readonly functionCallIds: boolean;
  /** Gemini 2.5 takes frequency and presence penalties. */
  readonly penaltiesOn25: boolean;
  /** `metadata` is sent as `labels`; where false it is a hint that is dropped. */
  readonly labels: boolean;
  /** Search next to functions must be asked for with `includeServerSideToolInvocations`. */
  readonly serverToolFlag: boolean;
  /** How a service tier is asked for. */
  serviceTier(tier: GeminiServiceTier): { readonly body?: object; readonly headers?: Readonly<Record<string, string>> };
  /** Whether the service loads this address itself; all others are sent as bytes. */
  readsURL(url: string): boolean;
}

const YOUTUBE = /^https?:\/\/(?:(?:www|m)\.)?(?:youtube\.com|youtu\.be)\//;
const FILES_API = /^https:\/\/[\w.-]+\.googleapis\.com\/v\d\w*\/files\/[^/]+$/;

/** The Gemini Developer API, generativelanguage.googleapis.com. */
export const developerAPI: GeminiService = {
  modelName: (model) => (model.includes('/') ? model : `models/${model}`),
  optionsKey: 'gemini',
  functionCallIds: true,
  penaltiesOn25: false,
  labels: false,
  serverToolFlag: true,
  serviceTier: (tier) => ({ body: { serviceTier: tier } }),
  readsURL: (url) => url.startsWith('gs://') || YOUTUBE.test(url) || FILES_API.test(url),
};
