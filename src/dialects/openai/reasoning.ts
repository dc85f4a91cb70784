import { isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';

/**
 * Brings the reasoning of a message or delta under the one name `reasoning_content`, whatever the host calls it.
 * Two fields with reasoning are one text said twice: the first counts.
 */
export function liftReasoning(target: Fields): void {
  const own = target.reasoning_content;
  let text = typeof own === 'string' ? own : '';
  if (target.reasoning !== undefined) {
    if (text === '' && typeof target.reasoning === 'string') text = target.reasoning;
    delete target.reasoning;
  }
  if (target.reasoning_text !== undefined) {
    if (text === '' && typeof target.reasoning_text === 'string') text = target.reasoning_text;
    delete target.reasoning_text;
  }
  if (text === '' && Array.isArray(target.reasoning_details)) text = textOfDetails(target.reasoning_details);
  if (text !== '') target.reasoning_content = text;
  else if (own !== undefined && own !== null && own !== '') delete target.reasoning_content;
}

/** The text of `reasoning_details` and of content parts with reasoning: `text`, `summary` or `thinking`, plain or in parts. */
export function textOfDetails(details: readonly unknown[]): string {
  let text = '';
  for (const detail of details) {
    if (typeof detail === 'string') text += detail;
    if (!isRecord(detail)) continue;
    const words = detail.text ?? detail.summary ?? detail.thinking;
    if (typeof words === 'string') text += words;
    else if (Array.isArray(words)) text += textOfDetails(words);
  }
  return text;
}

/** Content that is no text. A list of parts (Databricks): text to `content`, reasoning to `reasoning_content`. */
export function flattenContent(target: Fields): void {
  if (!Array.isArray(target.content)) {
    target.content = null;
    return;
  }
  const parts: readonly unknown[] = target.content;
  const isReasoning = (part: unknown): boolean => isRecord(part) && (part.type === 'reasoning' || part.type === 'thinking');
  const reasoning = textOfDetails(parts.filter(isReasoning));
  const text = textOfDetails(parts.filter((part) => !isReasoning(part)));
  target.content = text === '' ? null : text;
  if (reasoning !== '' && !target.reasoning_content) target.reasoning_content = reasoning;
}
