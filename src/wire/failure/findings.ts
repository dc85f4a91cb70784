import { fieldErrorOf } from './field-errors.ts';
import type { Fields } from './fields.ts';
import { at, httpStatus, isFields, objectsAt, textAt } from './fields.ts';
import { nestedIn } from './nested.ts';

/** What one layer of an envelope, with everything inside it, has to say. */
export interface Findings {
  readonly message: string;
  /** Most specific first. */
  readonly codes: readonly string[];
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
  /** The HTTP status that the body names. */
  readonly status?: number | undefined;
}

const NOTHING: Findings = { message: '', codes: [] };
const MAX_DEPTH = 10;
const MAX_CODE = 160;
const REASON_PHRASE =
  /^(?:bad request|unauthorized|payment required|forbidden|not found|too many requests|conflict|unprocessable entity|internal server error|bad gateway|service unavailable|gateway timeout|error)\.?$/i;
/** OpenRouter's and its imitators' stand-in for what the upstream said, which is then in `metadata.raw`. */
const STAND_IN = /^(?:error: )?(?:provider returned (?:an )?error|error from provider|upstream error)\b/i;
/** A code where words are expected: `{"error":"insufficient_credits"}`. */
const CODE_WORD = /^[a-z][a-z0-9]{0,30}(?:_[a-z0-9]{1,30}){1,8}$/i;
const MESSAGE_FIELDS = [
  'message',
  'Message',
  'msg',
  'detail',
  'error_message',
  'error_msg',
  'errorMessage',
  'error_description',
] as const;
const INNER_FIELDS = ['error', 'Error', 'errors', 'err'] as const;

/** A code as text; what merely repeats an HTTP status is none. */
function codeText(value: unknown): string | undefined {
  if (typeof value === 'number')
    return value !== 0 && Number.isFinite(value) && !(value >= 100 && value < 600) ? `${value}` : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().slice(0, MAX_CODE);
  return text === '' || text === '0' || /^[1-5]\d\d$/.test(text) ? undefined : text;
}

/** Reads anything that may say what went wrong: an object, a list, a string, JSON inside a string. Never throws. */
export function readFindings(value: unknown, depth = 0): Findings {
  if (depth > MAX_DEPTH) return NOTHING;
  if (typeof value === 'string') return readText(value, depth);
  if (Array.isArray(value)) return readList(value.slice(0, 32), depth);
  return isFields(value) ? readObject(value, depth) : NOTHING;
}

function readText(text: string, depth: number): Findings {
  const { value, codes } = nestedIn(text);
  const inner = value === undefined ? NOTHING : readFindings(value, depth + 1);
  const words = text.trim();
  if (CODE_WORD.test(words)) return { message: words, codes: [words] };
  if (inner.message === '') return { message: words, codes: [...inner.codes, ...codes] };
  return { ...inner, codes: [...inner.codes, ...codes] };
}

function readList(list: readonly unknown[], depth: number): Findings {
  const fields = list.flatMap((entry) => fieldErrorOf(entry) ?? []);
  if (fields.length > 0) {
    const told = fields.slice(0, 5).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    return { message: told.join('; '), codes: [] };
  }
  const strings = list.filter((entry) => typeof entry === 'string').slice(0, 5);
  if (strings.length > 0) return { message: strings.join('; '), codes: [] };
  const read = list.map((entry) => readFindings(entry, depth + 1));
  return read.find(({ message }) => message !== '') ?? read.find(({ codes }) => codes.length > 0) ?? NOTHING;
}

function readObject(layer: Fields, depth: number): Findings {
  const inner = readFindings(innerOf(layer), depth + 1);
  const own = ownMessage(layer, depth);
  const raw = readFindings(at(layer, 'metadata', 'raw'), depth + 1);
  const ownMessageCounts =
    inner.message === '' || ((REASON_PHRASE.test(inner.message) || CODE_WORD.test(inner.message)) && own.message !== '');
  const told = ownMessageCounts ? own.message : inner.message;
  const message = raw.message !== '' && (told === '' || STAND_IN.test(told)) ? raw.message : told;
  const code = codeText(at(layer, 'code')) ?? codeText(at(layer, 'error_code')) ?? codeText(at(layer, 'errorCode'));
  const type = typeOf(layer);
  return {
    message: message === '' ? (lastWords(layer) ?? '') : message,
    codes: distinct([...inner.codes, ...subCodes(layer), code, ...own.codes, ...raw.codes, type, ...lateCodes(layer)]),
    code:
      inner.code ??
      own.code ??
      code ??
      subCodes(layer)[0] ??
      statusWord(layer) ??
      codeText(at(layer, 'reason')) ??
      (CODE_WORD.test(inner.message) ? inner.message : undefined),
    type: inner.type ?? own.type ?? type ?? statusWord(layer),
    param: inner.param ?? own.param ?? textAt(layer, 'param'),
    status: inner.status ?? ownStatus(layer) ?? own.status ?? raw.status,
  };
}

/** The error inside a body: under its usual names, in a Responses or batch event, or under an AWS exception's name. */
function innerOf(layer: Fields): unknown {
  for (const name of INNER_FIELDS) {
    const inner = at(layer, name);
    if (inner !== undefined && inner !== null && inner !== '' && typeof inner !== 'boolean') return inner;
  }
  const nested = at(layer, 'response', 'error') ?? at(layer, 'response', 'body') ?? at(layer, 'result', 'error');
  if (nested !== undefined && nested !== null) return nested;
  const exception = exceptionName(layer);
  return exception === undefined ? undefined : at(layer, exception);
}

const exceptionName = (layer: Fields): string | undefined =>
  Object.keys(layer)
    .slice(0, 4)
    .find((name) => /^[a-z]\w{2,60}Exception$/i.test(name) && isFields(layer[name]));

function ownMessage(layer: Fields, depth: number): Findings {
  for (const name of MESSAGE_FIELDS) {
    const found = readFindings(at(layer, name), depth + 1);
    if (found.message !== '') return found;
  }
  const status = textAt(layer, 'base_resp', 'status_msg');
  return status === undefined ? NOTHING : { message: status, codes: [] };
}

const lastWords = (layer: Fields): string | undefined =>
  textAt(layer, 'reason') ??
  textAt(layer, 'title') ??
  textAt(layer, 'details') ??
  textAt(layer, 'statusText') ??
  refusedData(layer);

/** Go gateways that know success and data alone say in the data what failed. */
const refusedData = (layer: Fields): string | undefined => (at(layer, 'success') === false ? textAt(layer, 'data') : undefined);

function ownStatus(layer: Fields): number | undefined {
  for (const name of ['code', 'status', 'status_code', 'statusCode', 'http_code'] as const) {
    const status = httpStatus(at(layer, name));
    if (status !== undefined) return status;
  }
  return httpStatus(at(layer, 'response', 'status_code'));
}

/** Codes that say more than `code` does: Google's reasons, Anthropic's, Azure's and OpenRouter's inner ones. */
function subCodes(layer: Fields): string[] {
  return distinct([
    ...objectsAt(layer, 'details').map((detail) => codeText(at(detail, 'reason'))),
    codeText(at(layer, 'details', 'error_code')),
    codeText(at(layer, 'innererror', 'code')),
    codeText(at(layer, 'inner_error', 'code')),
    codeText(at(layer, 'metadata', 'error_type')),
    codeText(at(layer, 'base_resp', 'status_code')),
  ]);
}

function lateCodes(layer: Fields): (string | undefined)[] {
  return [
    statusWord(layer),
    codeText(at(layer, 'reason')),
    codeText(at(layer, 'name')), // Stability
    codeText(at(layer, '__type'))?.replace(/^.*#/, ''),
    exceptionName(layer),
    typeof at(layer, 'result') === 'object' ? codeText(at(layer, 'result', 'type')) : undefined,
    finishOf(layer),
  ];
}

function typeOf(layer: Fields): string | undefined {
  const type = codeText(at(layer, 'type'));
  const said = type === 'error' || type?.startsWith('about:') ? undefined : type;
  return said ?? codeText(at(layer, 'error_type')) ?? codeText(at(layer, 'type_'));
}

/** Google's `status` (`RESOURCE_EXHAUSTED`). */
function statusWord(layer: Fields): string | undefined {
  const status = codeText(at(layer, 'status'));
  return status !== undefined && /^[A-Z][A-Z_]+$/.test(status) ? status : undefined;
}

/** Why an answer ended, for answers that carry their failure in that place only. */
function finishOf(layer: Fields): string | undefined {
  const choice = objectsAt(layer, 'choices')[0];
  return codeText(at(choice, 'finish_reason')) ?? codeText(at(layer, 'finish_reason'));
}

const distinct = (codes: readonly (string | undefined)[]): string[] => [...new Set(codes.filter((code) => code !== undefined))];
