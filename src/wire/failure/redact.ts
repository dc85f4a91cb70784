import type { Confidential } from '../../contract/confidential.ts';
import { mayHoldEcho, withoutEchoes } from './echoes.ts';

const MAX_MESSAGE = 300;
const MAX_SCANNED = 2048;
/** Keys shorter than this may be parts of ordinary words. */
const MIN_LONG = 6;
const REDACTED = '[redacted]';

const KEY_LIKE: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:key|api[-_]?key|token|access_token|sig|signature)=)[^&\s"'<>]+/gi, `$1${REDACTED}`],
  [/\b(Bearer|Basic) +(?:(?=\S{0,64}[\d=])[\w.~+/=*-]{8,}|[\w.~+/=*-]{20,})/gi, `$1 ${REDACTED}`],
  [/\b(?:sk|rk|pk)[-_][\w*…-]{8,}/g, REDACTED],
  [/\b(?:gsk_|hf_|r8_|fw_|jina_|tgp_v1_|ghp_|gho_|github_pat_|glpat-|nvapi-|pplx-|csk-|xai-|vck_|co_)[\w*-]{12,}/g, REDACTED],
  [/\bAIza[\w-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bya29\.[\w-]{10,}(?:\.[\w-]+)*/g, REDACTED],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, REDACTED],
];

/** A text without keys: those that are known, and whatever has the form of one. */
export function withoutSecrets(text: string, secrets: Confidential['secrets']): string {
  let clean = text;
  for (const secret of secrets) {
    if (!secret) continue;
    clean = secret.length < MIN_LONG ? withoutShort(clean, secret) : clean.replaceAll(secret, REDACTED);
  }
  clean = clean.slice(0, MAX_SCANNED);
  for (const [form, instead] of KEY_LIKE) clean = clean.replace(form, instead);
  return clean;
}

const SPEAKS_OF_KEYS = /key|token|auth|bearer|basic|secret|password|credential|login/i;
const LIKE_A_WORD = /^(?:\w{1,3}|[a-z]+)$/i;

/** A short key counts where it stands alone; one that could be a word of the message, only in sentences that speak of keys. */
function withoutShort(text: string, secret: string): string {
  const alone = new RegExp(`(?<![\\w-])${secret.replace(/\W/g, '\\$&')}(?![\\w-])`, 'g');
  if (!LIKE_A_WORD.test(secret)) return text.replace(alone, REDACTED);
  return text.replace(/[^.!?\n]+/g, (sentence) =>
    SPEAKS_OF_KEYS.test(sentence) || sentence.trim() === secret ? sentence.replace(alone, REDACTED) : sentence,
  );
}

/** A service's words as they may be shown: no keys, no echo of the prompt, bounded. */
export function redact(text: string, confidential: Confidential, length: number = MAX_MESSAGE): string {
  const clean = readable(withoutSecrets(text, confidential.secrets));
  const silent = mayHoldEcho(clean) ? withoutEchoes(clean, confidential.promptText()) : clean;
  return cut(silent, length);
}

const ESCAPED = /\\{1,8}u([0-9a-f]{4})/gi;
/** The last character that a terminal may take for a command. */
const LAST_CONTROL = 0x9f;

/** Letters that are written as `\u041f` become letters, so that an echo of the prompt is seen for one; control characters go. */
function readable(text: string): string {
  const letters = text.replace(ESCAPED, (written, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code > LAST_CONTROL ? String.fromCharCode(code) : written;
  });
  return letters.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[^\P{Cc}\t\r\n]/gu, ' ');
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = length - 1;
  const splitsPair = /[\ud800-\udbff]/.test(text[end - 1] ?? '');
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`;
}
