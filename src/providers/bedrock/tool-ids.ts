import { ToolIds } from '../../dialects/anthropic/tool-ids.ts';

/** Ids of tool calls as the model takes them, the same in a call and its result. */
export interface IdBook {
  call(id: string): string;
  result(id: string): string;
}

const LENGTH = 9;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Mistral's models want nine letters and digits; all others letters, digits, `_` and `-`. */
export const idBook = (maker: string): IdBook => (maker === 'mistral' ? { call: shortId, result: shortId } : new ToolIds());

function shortId(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  let text = '';
  for (let i = 0; i < LENGTH; i++) text += ALPHABET[hash(`${i}:${id}`) % ALPHABET.length];
  return text;
}

function hash(text: string): number {
  let sum = 2166136261;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 16777619);
  return (sum ^ (sum >>> 15)) >>> 0;
}
