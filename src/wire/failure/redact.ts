const MAX_MESSAGE = 300;
const MAX_SCANNED = 2048;
const MAX_PROMPT = 65_536;
/** Keys shorter than this may be parts of ordinary words. */
const MIN_LONG = 6;
const REDACTED = '[redacted]';
const ECHO = '[…]';

/** What must not appear in an error. */
export interface Confidential {
  /** Keys and tokens, exactly as they are sent. */
  readonly secrets: readonly (string | undefined)[];
  /** The text of the request; asked for only when a message could repeat it. */
  promptText(): string;
}

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
  const clean = withoutSecrets(text, confidential.secrets);
  const silent = clean.length < MIN_ECHO ? clean : withoutEchoes(clean, confidential.promptText());
  return cut(silent, length);
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = length - 1;
  const splitsPair = /[\ud800-\udbff]/.test(text[end - 1] ?? '');
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`;
}

const QUOTE = /["'`]/;
const MIN_ECHO = 24;
const WINDOW = 16;
const STEP = MIN_ECHO - WINDOW;
const MAX_PLACES = 16;

/**
 * Replaces what the text repeats of a prompt: every run of 24 characters or more. Such a run holds at least one of the
 * 16-character windows that start at a multiple of 8, so only those are looked up.
 */
export function withoutEchoes(text: string, prompt: string, counts: (from: number) => boolean = () => true): string {
  const source = prompt.slice(0, MAX_PROMPT);
  if (source.length < MIN_ECHO) return text;
  let shown = '';
  let taken = 0;
  for (let start = 0; start + WINDOW <= text.length; start += STEP) {
    if (start < taken) continue;
    const echo = longestEcho(text, start, taken, source);
    if (echo === undefined || !counts(echo.from)) continue;
    shown += text.slice(taken, echo.from) + ECHO;
    taken = echo.to;
  }
  return shown + text.slice(taken);
}

/** The text without what it quotes of the prompt: those are the caller's words, and they may sound like any failure. */
export function withoutQuotes(text: string, { promptText }: Pick<Confidential, 'promptText'>): string {
  if (text.length < MIN_ECHO || !QUOTE.test(text)) return text;
  return withoutEchoes(text, promptText(), (from) => QUOTE.test(text[from - 1] ?? ''));
}

function longestEcho(text: string, start: number, floor: number, source: string): { from: number; to: number } | undefined {
  const window = text.slice(start, start + WINDOW);
  let from = start;
  let to = start;
  let place = source.indexOf(window);
  for (let tries = 0; place !== -1 && tries < MAX_PLACES; tries++) {
    let before = 0;
    while (start - before > floor && place - before > 0 && text[start - before - 1] === source[place - before - 1]) before++;
    let after = WINDOW;
    while (start + after < text.length && place + after < source.length && text[start + after] === source[place + after]) after++;
    if (before + after > to - from) {
      from = start - before;
      to = start + after;
    }
    place = source.indexOf(window, place + 1);
  }
  return to - from >= MIN_ECHO ? { from, to } : undefined;
}
