import type { ImageSize } from './image-size.ts';
import { imageSize } from './image-size.ts';
import type { ModelFamily } from './model-family.ts';

/** An image whose size nobody knows: one behind an address. */
const USUAL_SIZE: ImageSize = { width: 1024, height: 1024 };

/** Tokens of an image by the rule of the model's maker, as its documentation has it. */
export function imageTokens(model: string, family: ModelFamily, url: string, detail: unknown): number {
  const size = (url.startsWith('data:') ? imageSize(url.slice(url.indexOf(',') + 1)) : undefined) ?? USUAL_SIZE;
  switch (family.maker) {
    case 'openai':
      return openaiImage(model.toLowerCase(), family.recent, size, detail === 'low');
    case 'google':
      return googleImage(family.recent, size);
    default:
      return claudeImage(family.maker === 'anthropic' && family.recent, size);
  }
}

/** Width × height ÷ 750 after scaling: to 1568 px and 1600 tokens, since Claude 4.7 to 2576 px and 4784 tokens. */
function claudeImage(recent: boolean, size: ImageSize): number {
  const { width, height } = within(size, recent ? 2576 : 1568);
  return Math.min(recent ? 4784 : 1600, Math.ceil((width * height) / 750));
}

/** 258 for a small image and for each tile of 768 px; Gemini 3 takes 1120 for an image of any size. */
function googleImage(recent: boolean, { width, height }: ImageSize): number {
  if (recent) return 1120;
  return width <= 384 && height <= 384 ? 258 : 258 * Math.ceil(width / 768) * Math.ceil(height / 768);
}

/** Tokens for an image and for each of its tiles, by model. */
const TILES: readonly [RegExp, base: number, tile: number][] = [
  [/gpt-4o-mini/, 2833, 5667],
  [/gpt-5/, 70, 140],
  [/(?:^|\/)o[13]/, 75, 150],
  [/./, 85, 170],
];

/** Models that count patches of 32 px, and for how many tokens each goes. */
const PATCHES: readonly [RegExp, ratio: number][] = [
  [/(?:gpt-4\.1|gpt-5)-nano/, 2.46],
  [/(?:gpt-4\.1|gpt-5)-mini/, 1.62],
  [/o4-mini/, 1.72],
];

function openaiImage(model: string, recent: boolean, size: ImageSize, low: boolean): number {
  const patches = PATCHES.find(([name]) => name.test(model));
  if (patches !== undefined || recent) {
    const most = patches === undefined ? 2500 : 1536;
    const { width, height } = within(size, 2048);
    const count = low ? 256 : Math.min(most, Math.ceil(width / 32) * Math.ceil(height / 32));
    return Math.ceil(count * (patches?.[1] ?? 1));
  }
  const [, base, tile] = TILES.find(([name]) => name.test(model)) ?? [/./, 85, 170];
  if (low) return base;
  const fitted = within(size, 2048);
  const shrink = Math.min(1, 768 / Math.min(fitted.width, fitted.height));
  return base + tile * Math.ceil((fitted.width * shrink) / 512) * Math.ceil((fitted.height * shrink) / 512);
}

function within({ width, height }: ImageSize, most: number): ImageSize {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: width * scale, height: height * scale };
}

/** Compressed speech, and uncompressed speech of 16 kHz. */
const BYTES_PER_SECOND = { mp3: 16_000, wav: 32_000 } as const;

/** Gemini counts 32 tokens a second, OpenAI 10. */
export function audioTokens(family: ModelFamily, base64Length: number, format: unknown): number {
  const seconds = (base64Length * 0.75) / (format === 'wav' ? BYTES_PER_SECOND.wav : BYTES_PER_SECOND.mp3);
  return Math.ceil(seconds * (family.maker === 'google' ? 32 : 10));
}

const BYTES_PER_PAGE = 50_000;
const TOKENS_PER_PAGE: { readonly [M in ModelFamily['maker']]: number } = {
  anthropic: 2300,
  google: 560,
  openai: 1000,
  other: 1000,
};

/** Documents are guessed by their size, texts among them by four bytes a token. */
export function fileTokens(family: ModelFamily, data: string | undefined): number {
  const page = TOKENS_PER_PAGE[family.maker];
  if (data === undefined) return page;
  const bytes = data.length * 0.75;
  if (/^data:(?:text\/|application\/(?:json|xml))/.test(data)) return Math.ceil((bytes / 4) * family.ratio);
  return page * Math.max(1, Math.ceil(bytes / BYTES_PER_PAGE));
}
