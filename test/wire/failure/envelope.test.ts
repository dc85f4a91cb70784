import { describe, expect, it } from 'vitest';
import { openEnvelope } from '../../../src/wire/failure/envelope.ts';
import { fieldErrorsOf } from '../../../src/wire/failure/field-errors.ts';
import { explained, failureOf } from '../../support/explain.ts';

const open = (status: number | undefined, body: unknown, headers = {}) => openEnvelope(failureOf(status, body, headers));

describe('opening an envelope', () => {
  const shapes: readonly [string, unknown, string, string?][] = [
    ['error object', { error: { message: 'm', code: 'c', type: 't' } }, 'm', 'c'],
    ['error string with code', { code: 'c', error: 'm' }, 'm', 'c'],
    ['error as a list of strings', { error: ['m', 'n'] }, 'm; n'],
    ['error as a list of objects', { success: false, error: [{ code: 2001, message: 'm' }] }, 'm', '2001'],
    ['flat', { object: 'error', message: 'm', type: 't', param: null, code: '1300' }, 'm', '1300'],
    ['reason phrase beside a message', { statusCode: 400, error: 'Bad Request', message: 'm' }, 'm'],
    ['detail string', { detail: 'm' }, 'm'],
    ['detail object', { detail: { message: 'm' } }, 'm'],
    ['detail object with error', { detail: { error: 'm' } }, 'm'],
    ['detail list', { detail: [{ loc: ['body', 'n'], msg: 'm', type: 'missing' }] }, 'body.n: m'],
    ['message that holds a detail list', { message: { detail: [{ loc: ['body'], msg: 'm' }] } }, 'body: m'],
    ['message that is JSON', { message: '{"detail":[{"loc":["body"],"msg":"m"}]}' }, 'body: m'],
    ['problem', { type: 'about:blank', title: 'Gone', status: 410, detail: 'm' }, 'm'],
    ['title alone', { title: 'Gone', status: 410 }, 'Gone'],
    ['errors list', { errors: [null, { code: 5007, message: 'm' }], success: false }, 'm', '5007'],
    ['error_code', { error_code: 'X_Y', message: 'm' }, 'm', 'X_Y'],
    ['base_resp', { base_resp: { status_code: 1008, status_msg: 'm' } }, 'm', '1008'],
    ['reason', { code: 403, reason: 'NO_MONEY', message: 'm', metadata: {} }, 'm', 'NO_MONEY'],
    ['AWS', { Message: 'm', __type: 'com.amazon.coral.service#ExpiredTokenException' }, 'm'],
    ['AWS stream', { throttlingException: { message: 'm' } }, 'm'],
    ['Responses event', { type: 'response.failed', response: { error: { code: 'c', message: 'm' } } }, 'm', 'c'],
    ['batch line', { response: { status_code: 400, body: { error: { message: 'm', code: 'c' } } }, error: null }, 'm', 'c'],
    ['error twice', { type: 'error', error: { type: 'error', error: { type: 't', message: 'm' } } }, 'm'],
    ['array around', [{ error: { code: 429, message: 'm', status: 'RESOURCE_EXHAUSTED' } }], 'm', 'RESOURCE_EXHAUSTED'],
    ['JSON in a message', { error: { message: '400 {"error":{"message":"m","code":"c"}}', code: 'outer' } }, 'm', 'c'],
    ['JSON in JSON', { error: { message: '{"error":{"message":"{\\"error\\":{\\"message\\":\\"m\\"}}"}}' } }, 'm'],
    ['a JSON string', '"m"', 'm'],
    ['plain text', 'm', 'm'],
  ];
  for (const [name, body, message, code] of shapes) {
    it(`finds the message of: ${name}`, () => {
      const opened = open(400, body);
      expect(opened.message).toBe(message);
      expect(opened.code).toBe(code);
    });
  }

  it('puts the most specific code first', () => {
    const body = {
      error: {
        code: 'content_filter',
        type: 'invalid',
        innererror: { code: 'ResponsibleAIPolicyViolation' },
        metadata: { error_type: 'refusal' },
      },
    };
    expect(open(400, body).codes).toEqual(['ResponsibleAIPolicyViolation', 'refusal', 'content_filter', 'invalid']);
  });

  it('takes the upstream’s own words where a gateway has only a stand-in', () => {
    const raw = (value: unknown) =>
      open(400, { error: { message: 'Provider returned error', code: 400, metadata: { raw: value } } }).message;
    expect(raw('plain')).toBe('plain');
    expect(raw('{"error":{"message":"in JSON"}}')).toBe('in JSON');
    expect(raw({ detail: 'an object' })).toBe('an object');
    expect(raw(undefined)).toBe('Provider returned error');
  });

  it('does not take a repeated HTTP status for a code', () => {
    for (const code of [400, '400', '429', 502, 0]) expect(open(400, { error: { message: 'm', code } }).codes).toEqual([]);
  });

  it('reads the class from AWS headers', () => {
    expect(open(429, { message: 'm' }, { 'x-amzn-errortype': 'ThrottlingException:http://internal/' }).codes[0]).toBe(
      'ThrottlingException',
    );
    expect(open(429, { message: 'm' }, { 'X-Amzn-ErrorType': 'ThrottlingException' }).code).toBe('ThrottlingException');
  });

  it('reads a status from the body of a 200 only', () => {
    expect(open(200, { error: { message: 'm', code: 502 } }).status).toBe(502);
    expect(open(undefined, { error: { message: 'm', status_code: 400 } }).status).toBe(400);
    expect(open(200, { error: { message: 'm', code: 14 } }).status).toBeUndefined();
    expect(open(503, { error: { message: 'm', code: 400 } }).status).toBe(503);
  });

  it('shortens a web page to its words', () => {
    const page = `<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>b{}</style></head><body>${'<p>long</p>'.repeat(200)}</body></html>`;
    const { message } = open(502, page);
    expect(message).toMatch(/^502 Bad Gateway long/);
    expect(message.length).toBeLessThanOrEqual(201);
    expect(message).not.toContain('<');
  });

  it('reads a raw event stream', () => {
    expect(open(200, 'event: error\ndata: {"error":{"message":"m"}}').message).toBe('m');
  });

  it('finds codes in Python literals and in JSON that was cut', () => {
    expect(
      open(400, { error: { message: "Error code: 400 - {'error': {'message': 'm', 'code': 'context_length_exceeded'}}" } }).codes,
    ).toContain('context_length_exceeded');
    expect(open(400, '{"error": {"code": "insufficient_quota", "message": "You').codes).toEqual([]);
    expect(open(400, { message: 'upstream: {"error": {"code": "insufficient_quota", "message": "You' }).codes).toContain(
      'insufficient_quota',
    );
  });

  it('is not led by keys that belong to prototypes', () => {
    const opened = open(
      400,
      JSON.parse('{"__proto__":{"message":"bad"},"error":{"__proto__":{"code":"insufficient_quota"},"message":"m"}}'),
    );
    expect(opened.message).toBe('m');
    expect(opened.codes).toEqual([]);
    expect(open(400, {}).message).toBe('');
  });

  it('survives what is deep, wide or of the wrong type', () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < 1500; i++) deep = { error: deep };
    expect(open(400, deep).message).toBe('');
    expect(open(400, { error: { message: 7, code: {}, type: [], param: 1 } }).message).toBe('');
    expect(open(400, { errors: Array.from({ length: 100_000 }, () => ({})) }).codes).toEqual([]);
    expect(open(400, `{"error":${'['.repeat(50_000)}`).message.length).toBeLessThanOrEqual(65_536);
  });
});

describe('fields that a body names', () => {
  it('reads FastAPI, Mistral, Replicate and Google lists', () => {
    const entry = { loc: ['body', 'messages', 0, 'role'], msg: 'wrong', type: 'x', input: 'secret prompt' };
    const expected = [{ path: 'body.messages.0.role', message: 'wrong' }];
    expect(fieldErrorsOf({ detail: [entry] })).toEqual(expected);
    expect(fieldErrorsOf({ message: { detail: [entry] } })).toEqual(expected);
    expect(fieldErrorsOf({ invalid_fields: [{ type: 'required', field: 'input', description: 'needed' }] })).toEqual([
      { path: 'input', message: 'needed' },
    ]);
    expect(fieldErrorsOf({ error: { details: [{ fieldViolations: [{ field: 'a.b', description: 'no' }] }] } })).toEqual([
      { path: 'a.b', message: 'no' },
    ]);
    expect(fieldErrorsOf({ detail: 'text' })).toEqual([]);
  });

  it('hands them out with an UnprocessableEntityError', () => {
    const error = explained('mistral', 422, { detail: [{ loc: ['body', 'n'], msg: 'wrong' }] });
    expect(error.kind === 'unprocessable_entity' && error.fieldErrors).toEqual([{ path: 'body.n', message: 'wrong' }]);
  });
});
