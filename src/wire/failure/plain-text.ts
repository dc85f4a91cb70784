const MAX_SCANNED = 4096;
const MAX_PAGE_TEXT = 200;

export const isMarkup = (text: string): boolean => /^\s*<(?:!doctype|html|head|body|\?xml|title|h1|center)\b/i.test(text);

/** What an error page says: its title and text without markup, cut short. */
export function pageText(markup: string): string {
  const text = markup
    .slice(0, MAX_SCANNED)
    .replace(/<(script|style)\b[^>]{0,200}>[^<]{0,4000}<\/\1>/gi, ' ')
    .replace(/<!--[^>]{0,500}>|<[^<>]{0,500}>/g, ' ')
    .replace(/&nbsp;/g, ' ')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > MAX_PAGE_TEXT ? `${text.slice(0, MAX_PAGE_TEXT)}…` : text;
}

const EVENT_STREAM = /^(?:id|event|data|retry|:)[^\n]*\n?/;

/** The data of the last event when a text is a raw event stream, as some services send after an error; else the text itself. */
export function eventData(text: string): string {
  if (!EVENT_STREAM.test(text) || !/^data:/m.test(text)) return text;
  const blocks = text.trim().split(/\r?\n\r?\n/);
  const lines = (blocks.find((block) => /^event: ?error/m.test(block)) ?? blocks.at(-1) ?? '').split(/\r?\n/);
  return lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('\n');
}

/** Typographic apostrophes and quotation marks made plain: Azure and Bedrock send both spellings. */
export const plainQuotes = (text: string): string => text.replace(/[\u2018\u2019]/g, "'").replace(/[\u201c\u201d]/g, '"');
