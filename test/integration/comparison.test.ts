import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as aiSdkOpenai from '@ai-sdk/openai';
import * as ai from 'ai';
import type { Fault } from 'holdfast/testing';
import { fault, reply, startMockServer } from 'holdfast/testing';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { COMPARED } from '../support/compared-clients.ts';
import type { Act, Seen } from '../support/comparison.ts';
import {
  call,
  claimed,
  HEADS,
  has,
  namesOf,
  ROWS,
  SECTION,
  statusOf,
  stream,
  watch as watchWith,
} from '../support/comparison.ts';
import { inFastTime } from '../support/fast-time.ts';
import { ROOT } from '../support/run-program.ts';

/**
 * The README's table of comparison, cell by cell: each client runs as it comes against the same failures, and the numbers and
 * the words in backticks of its cell must be what was seen, in that order.
 */
const watch = (client: string, faults: readonly Fault[], act: Act, speed = 50): Promise<Seen> =>
  watchWith(client, faults, act, (work) => inFastTime(speed, work));

const many = (one: Fault, times = 9): Fault[] => Array.from({ length: times }, () => one);
const failures = {
  down: (client: string) => watch(client, many(fault.unavailable()), call, 400),
  money: (client: string) => watch(client, many(fault.quota()), call),
  wait: (client: string) => watch(client, many(fault.rateLimit({ retryAfterSeconds: 120 })), call),
  long: (client: string) => watch(client, [fault.contextWindow()], call),
  event: (client: string) => watch(client, [fault.errorEvent(2)], stream),
  cut: (client: string) => watch(client, [fault.cutAfter(2)], stream),
};

/** What a reader of a stream gets to know: what is thrown, or else what is told elsewhere. */
function told({ error, end }: Seen): string[] {
  if (error !== undefined) return [...namesOf(error), ...statusOf(error), ...has(error, 'partial')];
  if (end?.part !== undefined) return ['fullStream', ...namesOf(end.part), ...statusOf(end.part), 'textStream'];
  return end?.finishReason === undefined ? [] : ['finishReason', end.finishReason];
}

describe.each(Object.keys(COMPARED))('the column of %s', (client) => {
  it('has the requests that reach a server that is down', { timeout: 30_000 }, async () => {
    const once = await failures.down(client);
    // A breaker's open time has to outlast what is left of the six calls, a few milliseconds each.
    let last: unknown;
    const six = await watch(
      client,
      many(fault.unavailable(), 99),
      async (subject) => {
        for (let n = 0; n < 6; n++) await subject.call().catch((error: unknown) => (last = error));
        return '';
      },
      client === 'Holdfast' ? 10 : 400,
    );
    const open = namesOf(last)[0] === namesOf(once.error)[0] ? [] : namesOf(last);
    expect([once.requests, six.requests, ...open].map(String)).toEqual(
      claimed('the server is down: requests of one call; of six in a row', client),
    );
  });

  it('has what moves on to another model', async () => {
    const chain = COMPARED[client]?.('http://127.0.0.1:9')?.chain;
    expect(chain === undefined ? [] : [chain.name]).toEqual(claimed('another model when one fails', client));
    if (chain === undefined) return;
    const mock = await startMockServer();
    mock.enqueue('openai', ...many(fault.unavailable()));
    mock.enqueue('vllm', reply('It holds on.'));
    const subject = COMPARED[client]?.(mock.baseURL('openai'));
    expect(await inFastTime(400, async () => subject?.chain?.call(mock.baseURL('vllm')))).toBe('It holds on.');
    await subject?.close?.();
    await mock.close();
  });

  it('has what becomes of a 429 when the money is used up', async () => {
    const { requests, error } = await failures.money(client);
    expect([String(requests), ...namesOf(error)]).toEqual(claimed('429, money used up', client));
  });

  it('has what becomes of a long Retry-After', async () => {
    const { requests, overMs, error } = await failures.wait(client);
    expect([String(requests), ...namesOf(error), ...has(error, 'retryAfterMs')]).toEqual(
      claimed('429, Retry-After two minutes', client),
    );
    expect(overMs).toBeLessThan(120_000);
  });

  it('has the class of an overflow', async () => {
    expect(namesOf((await failures.long(client)).error)).toEqual(claimed('the prompt is too long', client));
  });

  it('has what a reader learns of an error event', async () => {
    expect(told(await failures.event(client))).toEqual(claimed('a 200 stream sends an error after some content', client));
  });

  it('has what a reader learns of a cut', async () => {
    expect(told(await failures.cut(client))).toEqual(claimed('the connection breaks in mid-stream', client));
  });

  it('has what a reader learns of an end that is missing', async () => {
    const seen = await watch(client, [fault.noTerminal()], stream);
    expect(told(seen)).toEqual(claimed('the stream stops early without an error', client));
  });

  it('has how many of the errors are openai’s', { timeout: 30_000 }, async () => {
    const errors: unknown[] = [];
    for (const failure of Object.values(failures)) {
      const { error, end } = await failure(client);
      errors.push(error ?? end?.part);
    }
    const theirs = errors.filter((error) => error instanceof OpenAI.APIError);
    expect([theirs.length, errors.length].map(String)).toEqual(
      claimed('of the six errors above, instances of `OpenAI.APIError`', client),
    );
  });
});

describe('the table', () => {
  it('compares the versions that are installed', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of ['ai', '@ai-sdk/openai', '@langchain/openai', 'openai']) {
      expect(SECTION).toContain(`\`${name}\` ${devDependencies[name]}`);
    }
  });

  it('has a column for each client, and no more rows than a reader bears', () => {
    expect(HEADS.slice(1)).toEqual([...Object.keys(COMPARED), 'LiteLLM (Python)']);
    expect(ROWS.size).toBeLessThanOrEqual(10);
  });

  it('says truly what is missing elsewhere, and which options are there', () => {
    const names = [ai, aiSdkOpenai, OpenAI].flatMap((library) => Object.keys(library));
    expect(names).toContain('wrapLanguageModel');
    expect(names.filter((name) => /fallback|circuit|breaker/i.test(name))).toEqual([]);
    const types = (name: string): string => readFileSync(join(ROOT, `node_modules/${name}/dist/index.d.ts`), 'utf8');
    for (const option of ['maxRetries', 'streamRetries', 'chunkMs'])
      expect(types('ai')).toMatch(new RegExp(`\\b${option}\\?: number`));
    expect(types('@ai-sdk/gateway')).toMatch(/\bmodels\?: \w*Fallback/);
  });
});
