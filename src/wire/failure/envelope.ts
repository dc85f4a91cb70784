import type { UnderstoodFailure } from '../../contract/provider.ts';
import type { WireFailure, WireHeaders } from '../../contract/wire.ts';
import { at, isFields } from './fields.ts';
import { readFindings } from './findings.ts';
import { eventData, isMarkup, pageText, plainQuotes } from './plain-text.ts';

const MAX_TEXT = 65_536;
/** What rules, waits and messages are read from. */
const MAX_MESSAGE = 8192;

/** Opens the envelope of a failed answer, whatever its shape: message, codes, own status. Never throws. */
export function openEnvelope(failure: WireFailure): UnderstoodFailure {
  const { headers } = failure;
  const json = failure.json ?? jsonOfEvents(failure.text);
  const found = readFindings(json);
  const awsType = firstHeader(headers, 'x-amzn-errortype') ?? firstHeader(headers, ':exception-type');
  const awsCode = awsType?.replace(/:.*$/s, '').replace(/^.*#/s, '').trim();
  const codes = awsCode === undefined || awsCode === '' ? found.codes : [awsCode, ...found.codes];
  const answered = failure.status !== undefined && (failure.status < 200 || failure.status > 299);
  return {
    ...failure,
    json,
    status: answered ? failure.status : found.status,
    message: plainQuotes(
      (found.message === '' && json === undefined ? wordsOf(failure.text) : found.message).slice(0, MAX_MESSAGE),
    ),
    codes: [...new Set(codes)],
    code: found.code ?? (awsCode || undefined),
    type: found.type,
    param: found.param,
    body: errorObject(json),
    header: (name) => firstHeader(headers, name.toLowerCase()),
  };
}

function wordsOf(text: unknown): string {
  if (typeof text !== 'string') return '';
  return isMarkup(text) ? pageText(text) : eventData(text.slice(0, MAX_TEXT)).trim();
}

function jsonOfEvents(text: unknown): unknown {
  if (typeof text !== 'string' || text === '' || isMarkup(text)) return undefined;
  const data = eventData(text.slice(0, MAX_TEXT));
  if (data === text) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** The object that callers find as `error.error`: the one named `error`, else the whole body. */
function errorObject(json: unknown): object | undefined {
  const outer = Array.isArray(json) ? json.find(isFields) : json;
  const error = at(outer, 'error') ?? at(outer, 'response', 'error') ?? at(outer, 'result', 'error');
  if (isFields(error)) return isFields(error.error) && error.type === 'error' ? error.error : error;
  return isFields(outer) ? outer : undefined;
}

/** A header's first value. Names are given in lower case; a sender's own spelling is found too. */
export function firstHeader(headers: WireHeaders, name: string): string | undefined {
  const own = Object.hasOwn(headers, name) ? name : Object.keys(headers).find((key) => key.toLowerCase() === name);
  const value: unknown = own === undefined ? undefined : headers[own];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : undefined;
}
