import { inspect } from 'node:util';
import { expect } from 'vitest';
import { errorFromJSON, isLLMError } from '../../../src/index.ts';

type Fields = Readonly<Record<string, unknown>>;

const FINISH: ReadonlySet<unknown> = new Set(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']);

const fieldsOf = (value: unknown, what: string): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) expect.fail(`${what} is no object: ${inspect(value)}`);
  return value as Fields;
};

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) expect.fail(`${what} is no list: ${inspect(value)}`);
  return value;
}

function expectType(value: unknown, types: readonly string[], what: string): void {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  if (!types.includes(type)) expect.fail(`${what} is ${type}, not ${types.join(' or ')}: ${inspect(value).slice(0, 200)}`);
}

function expectHead(body: Fields, object: string): void {
  expect(body.object).toBe(object);
  expectType(body.id, ['string'], 'id');
  expectType(body.created, ['number'], 'created');
  expectType(body.model, ['string'], 'model');
}

function expectUsage(usage: unknown): void {
  if (usage === undefined || usage === null) return;
  for (const name of ['prompt_tokens', 'completion_tokens', 'total_tokens']) {
    const count: unknown = fieldsOf(usage, 'usage')[name];
    if (!(typeof count === 'number' && Number.isFinite(count))) expect.fail(`usage.${name} is ${inspect(count)}`);
  }
}

function expectMessage(message: Fields, streamed: boolean): void {
  expectType(message.content, streamed ? ['string', 'null', 'undefined'] : ['string', 'null'], 'content');
  expectType(message.reasoning_content, ['string', 'null', 'undefined'], 'reasoning_content');
  expectType(message.refusal, ['string', 'null', 'undefined'], 'refusal');
  if (message.tool_calls === undefined) return;
  for (const given of listOf(message.tool_calls, 'tool_calls')) {
    const call = fieldsOf(given, 'a tool call');
    if (streamed) expectType(call.index, ['number'], 'index of a tool call');
    expectType(call.id, streamed ? ['string', 'undefined'] : ['string'], 'id of a tool call');
    if (call.type !== 'function' && !(streamed && call.type === undefined)) continue;
    if (streamed && call.function === undefined) continue;
    const { name, arguments: json } = fieldsOf(call.function, 'function of a tool call');
    expectType(name, streamed ? ['string', 'undefined'] : ['string'], 'name of a tool call');
    expectType(json, streamed ? ['string', 'undefined'] : ['string'], 'arguments of a tool call');
  }
}

/** Fails unless the value is what openai's types promise of a completion. */
export function expectReply(value: unknown): void {
  const reply = fieldsOf(value, 'the reply');
  expectHead(reply, 'chat.completion');
  const choices = listOf(reply.choices, 'choices');
  expect(choices.length).toBeGreaterThan(0);
  for (const given of choices) {
    const choice = fieldsOf(given, 'a choice');
    expectType(choice.index, ['number'], 'index');
    expect(FINISH).toContain(choice.finish_reason);
    const message = fieldsOf(choice.message, 'message');
    expect(message.role).toBe('assistant');
    expectMessage(message, false);
  }
  expectUsage(reply.usage);
}

/** Fails unless the value is what openai's types promise of a chunk. */
export function expectChunk(value: unknown): void {
  const chunk = fieldsOf(value, 'the chunk');
  expectHead(chunk, 'chat.completion.chunk');
  for (const given of listOf(chunk.choices, 'choices')) {
    const choice = fieldsOf(given, 'a choice');
    expectType(choice.index, ['number'], 'index');
    if (choice.finish_reason !== null) expect(FINISH).toContain(choice.finish_reason);
    expectMessage(fieldsOf(choice.delta, 'delta'), true);
  }
  expectUsage(chunk.usage);
}

/** Fails unless a failure is one that the library means: typed, complete, and no crash of its own behind it. */
export function expectTyped(error: unknown, overSockets = false): void {
  if (!isLLMError(error)) expect.fail(`not a typed error: ${inspect(error)}`);
  const { cause } = error as { cause?: unknown };
  // fetch itself says TypeError for everything that goes wrong on its way
  const fetchFailed = overSockets && cause instanceof TypeError && error.kind === 'connection';
  if (fetchFailed) return;
  if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError) {
    expect.fail(`a crash behind ${error.kind}: ${inspect(cause)}`);
  }
  expect(error.status).not.toBe(error.kind === 'response_validation' ? 0 : 200);
  expect(error.message.length).toBeLessThan(1000);
  const json = JSON.stringify(error);
  const { partial } = error as { partial?: object };
  expect(json.length).toBeLessThan(10_000 + (partial === undefined ? 0 : JSON.stringify(partial).length));
  expect(errorFromJSON(JSON.parse(json)).kind).toBe(error.kind);
  if (error.retryAfterMs !== undefined) {
    expect(Number.isFinite(error.retryAfterMs) && error.retryAfterMs >= 0, `retryAfterMs is ${error.retryAfterMs}`).toBe(true);
  }
}
