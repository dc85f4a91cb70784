import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/contract/call.ts';
import type { LLMError } from '../../src/errors/catalogue.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { KINDS } from '../../src/errors/kinds.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import { AbortError, TimeoutError } from '../../src/errors/wire-errors.ts';
import type { FallbackList, FallbackOptions } from '../../src/middleware/fallback.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import type { Layered, Step } from '../support/layered.ts';
import { failure, layered, rejectionOf, targetOf } from '../support/layered.ts';

const PRIMARY = 'openai/gpt-5-mini';
const SECOND = 'anthropic/claude-sonnet-4-5';
const THIRD = 'ollama/llama3.2';

const chain = (
  script: Readonly<Record<string, readonly Step[]>>,
  options?: FallbackOptions,
  list: FallbackList = [SECOND, THIRD],
): Layered => layered([fallback(list, options)], script);

describe('the way along the list', () => {
  it('asks only the call’s own model while that answers', async () => {
    const { run, targets, events } = chain({});
    expect((await run()).model).toBe('gpt-5-mini');
    expect(targets()).toEqual([PRIMARY]);
    expect(events).toEqual([]);
  });

  it('moves on in order until one answers, and reports it', async () => {
    const [first, second] = [failure('service_unavailable'), failure('rate_limit')];
    const { run, targets, events } = chain({ [PRIMARY]: [first], [SECOND]: [second] });
    expect((await run()).model).toBe('llama3.2');
    expect(targets()).toEqual([PRIMARY, SECOND, THIRD]);
    expect(events).toEqual([
      { type: 'fallback', from: targetOf(PRIMARY), to: targetOf(SECOND), error: first },
      { type: 'fallback', from: targetOf(SECOND), to: targetOf(THIRD), error: second },
    ]);
  });

  it('throws the primary’s own error when all have failed', async () => {
    const primary = failure('service_unavailable');
    const { run, targets } = chain({ [PRIMARY]: [primary], [SECOND]: [failure('rate_limit')], [THIRD]: [failure('connection')] });
    expect(await rejectionOf(run())).toBe(primary);
    expect(targets()).toEqual([PRIMARY, SECOND, THIRD]);
  });

  it('and also when a later target ends the way with an error that does not move on', async () => {
    const primary = failure('service_unavailable');
    const { run, targets } = chain({ [PRIMARY]: [primary], [SECOND]: [failure('bad_request')] });
    expect(await rejectionOf(run())).toBe(primary);
    expect(targets()).toEqual([PRIMARY, SECOND]);
  });

  it('asks the call’s model first wherever it stands in the list, and each target once', async () => {
    const { run, targets } = chain({ [PRIMARY]: [failure('connection')], [SECOND]: [failure('connection')] }, undefined, [
      SECOND,
      PRIMARY,
      SECOND,
      THIRD,
    ]);
    await run();
    expect(targets()).toEqual([PRIMARY, SECOND, THIRD]);
  });

  it('two calls at once do not share their place', async () => {
    const { run, targets } = chain({ [PRIMARY]: [failure('connection'), undefined], [SECOND]: [undefined] });
    const [one, two] = await Promise.all([run(), run()]);
    expect([one.model, two.model].sort()).toEqual(['claude-sonnet-4-5', 'gpt-5-mini']);
    expect(targets()).toEqual([PRIMARY, PRIMARY, SECOND]);
    await run();
    expect(targets().at(-1)).toBe(PRIMARY);
  });

  it('an empty list changes nothing', async () => {
    const error = failure('connection');
    const { run, targets, events } = chain({ [PRIMARY]: [error] }, undefined, []);
    expect(await rejectionOf(run())).toBe(error);
    expect(targets()).toEqual([PRIMARY]);
    expect(events).toEqual([]);
  });

  it('the fallbacks of a call replace the list', async () => {
    const { run, targets } = chain({ [PRIMARY]: [failure('connection')] });
    await run({ fallbacks: [THIRD] });
    expect(targets()).toEqual([PRIMARY, THIRD]);
    expect(await rejectionOf(run({ fallbacks: [] }))).toMatchObject({ kind: 'connection' });
  });

  it('passes an untyped error by identity', async () => {
    const bug = new TypeError('a bug in a layer');
    const { run, targets } = chain({ [PRIMARY]: [failure('connection')], [SECOND]: [bug] });
    expect(await rejectionOf(run())).toBe(bug);
    expect(targets()).toEqual([PRIMARY, SECOND]);
  });

  it('does not ask another provider for a list of models', async () => {
    const { run, targets } = chain({ [PRIMARY]: [failure('connection')] });
    await rejectionOf(run({}, { operation: 'models' } as unknown as Partial<Call<'chat'>>));
    expect(targets()).toEqual([PRIMARY]);
  });
});

describe('which errors move on', () => {
  const stays: ErrorKind[] = [
    'bad_request',
    'unprocessable_entity',
    'authentication',
    'permission_denied',
    'aborted',
    'content_policy_violation',
  ];

  it.each(Object.keys(KINDS) as ErrorKind[])('%s', async (kind) => {
    const error = failure(kind);
    const { run, targets } = chain({ [PRIMARY]: [error] });
    const outcome = await run().catch((thrown) => thrown);
    if (stays.includes(kind)) expect(outcome).toBe(error);
    else expect(targets()).toEqual([PRIMARY, SECOND]);
  });

  it('when that throws moves nothing on; the error comes out, with a warning', async () => {
    const error = failure('rate_limit');
    const when = (): boolean => {
      throw new RangeError('a bug');
    };
    const rig = chain({ [PRIMARY]: [error] }, { when });
    expect(await rejectionOf(rig.run())).toBe(error);
    expect(rig.targets()).toEqual([PRIMARY]);
    expect(rig.eventsOf('warning')).toMatchObject([{ message: expect.stringMatching(/^fallback\.when threw .*a bug/) }]);
  });

  it('when decides instead, with the error and the call as it was sent', async () => {
    const asked: [string, string][] = [];
    const when = (error: LLMError, call: Call): boolean => {
      asked.push([error.kind, call.target.model]);
      return error.kind === 'authentication';
    };
    const { run, targets } = chain({ [PRIMARY]: [failure('authentication')], [SECOND]: [failure('rate_limit')] }, { when });
    expect(await rejectionOf(run())).toMatchObject({ kind: 'authentication' });
    expect(targets()).toEqual([PRIMARY, SECOND]);
    expect(asked).toEqual([
      ['authentication', 'gpt-5-mini'],
      ['rate_limit', 'claude-sonnet-4-5'],
    ]);
  });
});

describe('overflow and policy', () => {
  const overflow = failure('context_window_exceeded');

  it('an overflow takes the list of its own', async () => {
    const { run, targets } = chain(
      { [PRIMARY]: [overflow], 'gemini/gemini-2.5-pro': [failure('connection')] },
      {
        contextWindow: ['gemini/gemini-2.5-pro', 'openrouter/openai/gpt-5-mini'],
      },
    );
    await run();
    expect(targets()).toEqual([PRIMARY, 'gemini/gemini-2.5-pro', 'openrouter/openai/gpt-5-mini']);
  });

  it('without one it goes along the general list, past every host of the same model', async () => {
    const list = ['azure/gpt-5-mini', 'openrouter/openai/GPT-5-mini', SECOND, 'openrouter/anthropic/claude-sonnet-4-5', THIRD];
    const { run, targets, eventsOf } = chain({ [PRIMARY]: [overflow], [SECOND]: [overflow] }, undefined, list);
    await run();
    expect(targets()).toEqual([PRIMARY, SECOND, THIRD]);
    expect(eventsOf('skipped').map(({ reason, target }) => [reason, target.provider])).toEqual([
      ['too_small', 'azure'],
      ['too_small', 'openrouter'],
      ['too_small', 'openrouter'],
    ]);
  });

  it('a host of the same model is asked after any other failure', async () => {
    const { run, targets } = chain({ [PRIMARY]: [failure('connection')] }, undefined, ['azure/gpt-5-mini']);
    await run();
    expect(targets()).toEqual([PRIMARY, 'azure/gpt-5-mini']);
  });

  it('an overflow of a fallback target moves to the overflow list too, each target once', async () => {
    const { run, targets } = chain(
      { [PRIMARY]: [failure('connection')], [SECOND]: [overflow], 'gemini/pro': [overflow] },
      {
        contextWindow: [PRIMARY, 'gemini/pro', SECOND],
      },
    );
    expect(await rejectionOf(run())).toMatchObject({ kind: 'connection' });
    expect(targets()).toEqual([PRIMARY, SECOND, 'gemini/pro']);
  });

  it('a policy violation moves only along its own list', async () => {
    const blocked = failure('content_policy_violation');
    const without = chain({ [PRIMARY]: [blocked] }, { when: () => true });
    expect(await rejectionOf(without.run())).toBe(blocked);
    expect(without.targets()).toEqual([PRIMARY]);

    const { run, targets } = chain({ [PRIMARY]: [blocked] }, { contentPolicy: [THIRD] });
    await run();
    expect(targets()).toEqual([PRIMARY, THIRD]);
  });
});

describe('targets that cannot be asked', () => {
  it.each<[ErrorKind, string]>([
    ['configuration', 'configuration'],
    ['unsupported_params', 'unsupported'],
    ['unsupported_operation', 'unsupported'],
  ])('%s: skipped with a warning', async (kind, reason) => {
    const error = failure(kind, { message: 'SECOND_KEY is not set' });
    const { run, targets, events, eventsOf } = chain(
      { [PRIMARY]: [failure('connection')], [SECOND]: [error] },
      { when: () => false },
    );
    expect(await rejectionOf(run())).toMatchObject({ kind: 'connection' });
    const moving = chain({ [PRIMARY]: [failure('connection')], [SECOND]: [error] });
    await moving.run();
    expect(moving.targets()).toEqual([PRIMARY, SECOND, THIRD]);
    expect(moving.events.map(({ type }) => type)).toEqual(['fallback', 'skipped', 'warning', 'fallback']);
    expect(moving.eventsOf('skipped')).toMatchObject([{ reason, target: targetOf(SECOND), error }]);
    expect(moving.eventsOf('warning')).toMatchObject([{ message: `${SECOND} was skipped: SECOND_KEY is not set` }]);
    expect([targets(), events, eventsOf('skipped')]).toEqual([[PRIMARY], [], []]);
  });

  it('the primary too, when there are others; its error remains the one thrown', async () => {
    const noKey = failure('configuration', { message: 'OPENAI_API_KEY is not set' });
    const { run, targets, eventsOf } = chain({ [PRIMARY]: [noKey] });
    await run();
    expect(targets()).toEqual([PRIMARY, SECOND]);
    expect(eventsOf('warning')).toHaveLength(1);

    const none = chain({ [PRIMARY]: [noKey], [SECOND]: [failure('connection')], [THIRD]: [failure('connection')] });
    expect(await rejectionOf(none.run())).toBe(noKey);
  });

  it('the last of the list too: the warning says why nobody was left', async () => {
    const noKey = failure('configuration', { message: 'OLLAMA_HOST is not set' });
    const { run, eventsOf } = chain({ [PRIMARY]: [failure('connection')], [THIRD]: [noKey] }, undefined, [THIRD]);
    expect(await rejectionOf(run())).toMatchObject({ kind: 'connection' });
    expect(eventsOf('warning')).toMatchObject([{ message: `${THIRD} was skipped: OLLAMA_HOST is not set` }]);
  });

  it('a target without others just fails', async () => {
    const noKey = failure('configuration');
    const { run, events } = chain({ [PRIMARY]: [noKey] }, undefined, [PRIMARY]);
    expect(await rejectionOf(run())).toBe(noKey);
    expect(events).toEqual([]);
  });

  it('a model that no client knows rejects the first call, before any attempt', async () => {
    const { run, attempts } = chain({}, undefined, [SECOND, 'opnai/gpt-5']);
    for (let call = 0; call < 2; call++) {
      const error = await rejectionOf(run());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ message: expect.stringContaining('fallback[1]: unknown provider in "opnai/gpt-5"') });
    }
    expect(attempts).toHaveLength(0);
    const own = chain({}, { contextWindow: ['nope'] });
    expect(await rejectionOf(own.run())).toMatchObject({ param: 'fallback.contextWindow[0]' });
    expect(await rejectionOf(chain({}).run({ fallbacks: ['nope'] }))).toMatchObject({ param: 'fallbacks[0]' });
  });
});

describe('a map', () => {
  it('has a list for each model and one for the rest', async () => {
    const layer = fallback({ [PRIMARY]: [SECOND], '*': [THIRD] });
    const one = layered([layer], { [PRIMARY]: [failure('connection')] });
    await one.run();
    expect(one.targets()).toEqual([PRIMARY, SECOND]);
    const other = layered([layer], { 'openai/gpt-5': [failure('connection')] });
    await other.run({}, { target: targetOf('openai/gpt-5') });
    expect(other.targets()).toEqual(['openai/gpt-5', THIRD]);
    const none = layered([fallback({ 'openai/o3': [SECOND] })], { [PRIMARY]: [failure('connection')] });
    await rejectionOf(none.run());
    expect(none.targets()).toEqual([PRIMARY]);
  });

  it('is not led astray by the names of Object.prototype', async () => {
    const { run, targets } = layered([fallback({ 'openai/toString': [SECOND] })], {
      'constructor/x': [failure('connection')],
    });
    await rejectionOf(run({}, { target: targetOf('constructor/x') }));
    expect(targets()).toEqual(['constructor/x']);
  });
});

describe('changes for one target', () => {
  const entry = {
    model: SECOND,
    params: { max_tokens: 7, temperature: 1 },
    providerOptions: { anthropic: { top_k: 3 }, gemini: { safetySettings: [] } },
  };

  it('hold for it alone, merged over the request', async () => {
    const request = {
      messages: [],
      temperature: 0,
      providerOptions: { anthropic: { top_k: 1, betas: ['a'] }, ollama: { keep: 1 } },
    };
    const { run, attempts } = chain({ [PRIMARY]: [failure('connection')], [SECOND]: [failure('connection')] }, undefined, [
      entry,
      THIRD,
    ]);
    await run({}, { request });
    expect(attempts.map(({ call }) => call.request)).toEqual([
      request,
      {
        messages: [],
        temperature: 1,
        max_tokens: 7,
        providerOptions: { anthropic: { top_k: 3, betas: ['a'] }, ollama: { keep: 1 }, gemini: { safetySettings: [] } },
      },
      request,
    ]);
    expect(request).toEqual({
      messages: [],
      temperature: 0,
      providerOptions: { anthropic: { top_k: 1, betas: ['a'] }, ollama: { keep: 1 } },
    });
  });

  it('cannot pollute a prototype', async () => {
    const hostile = JSON.parse(`{"model":"${SECOND}","providerOptions":{"__proto__":{"polluted":true}}}`);
    const { run, attempts } = chain({ [PRIMARY]: [failure('connection')] }, undefined, [hostile]);
    await run();
    expect(attempts[1]?.call.request.providerOptions).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('the end of the call comes first', () => {
  it('an abort during a later attempt', async () => {
    const controller = new AbortController();
    const aborted = () => {
      controller.abort('gone');
      return failure('connection');
    };
    const { run, targets } = chain({ [PRIMARY]: [failure('connection')], [SECOND]: [aborted] });
    const error = await rejectionOf(run({ signal: controller.signal }));
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ cause: 'gone' });
    expect(targets()).toEqual([PRIMARY, SECOND]);
  });

  it('an AbortError and a deadline of a later target are thrown themselves', async () => {
    for (const error of [failure('aborted'), failure('timeout', { phase: 'deadline' })]) {
      const { run, targets } = chain({ [PRIMARY]: [failure('connection')], [SECOND]: [error] }, { when: () => true });
      expect(await rejectionOf(run())).toBe(error);
      expect(targets()).toEqual([PRIMARY, SECOND]);
    }
  });

  it('a deadline that has passed asks nobody else', async () => {
    const slow = async (): Promise<LLMError> => {
      await rig.clock.advance(100);
      return failure('timeout', { phase: 'attempt' });
    };
    const rig = chain({ [PRIMARY]: [slow] });
    const error = await rejectionOf(rig.run({}, { deadline: rig.clock.now() + 100 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: 'deadline', retryable: false, cause: { kind: 'timeout' } });
    expect(rig.targets()).toEqual([PRIMARY]);
  });

  it('no attempts left: the primary’s error', async () => {
    const primary = failure('connection');
    const { run, targets, eventsOf } = chain({ [PRIMARY]: [primary], [SECOND]: [failure('rate_limit')] });
    expect(await rejectionOf(run({}, { maxAttempts: 2 }))).toBe(primary);
    expect(targets()).toEqual([PRIMARY, SECOND]);
    expect(eventsOf('skipped')).toMatchObject([{ reason: 'attempts', target: targetOf(THIRD) }]);
  });
});

describe('the options', () => {
  it.each<[unknown, unknown, string]>([
    ['openai/gpt-5', undefined, 'fallback: expected a list, got "openai/gpt-5"'],
    [undefined, undefined, 'fallback: expected a list, got nothing'],
    [['', SECOND], undefined, 'fallback[0]: expected \'provider/model\', got ""'],
    [[SECOND, 3], undefined, "fallback[1]: expected 'provider/model' or an object or a pool, got 3"],
    [[{ modle: SECOND }], undefined, 'fallback[0].modle: unknown option; did you mean "model"?'],
    [
      [{ model: SECOND, params: { model: 'x' } }],
      undefined,
      'fallback[0].params: expected parameters other than model and stream',
    ],
    [{ '*': SECOND }, undefined, `fallback["*"]: expected a list, got "${SECOND}"`],
    [{ '*': [3] }, undefined, 'fallback["*"][0]: expected'],
    [[], { contextwindow: [] }, 'fallback.contextwindow: unknown option; did you mean "contextWindow"?'],
    [[], { contentPolicy: SECOND }, 'fallback.contentPolicy: expected a list'],
    [[], { when: true }, 'fallback.when: expected a function, got true'],
    [[], { resume: 1 }, 'fallback.resume: expected true or false, got 1'],
  ])('%j, %j are refused', (list, options, message) => {
    const build = () => fallback(list as FallbackList, options as FallbackOptions);
    expect(build).toThrow(ConfigurationError);
    expect(build).toThrow(message);
  });

  it('are copied, and serve several layers', async () => {
    const list = [SECOND];
    const rig = layered([fallback(list)], { [PRIMARY]: [failure('connection')] });
    fallback(list);
    list.length = 0;
    await rig.run();
    expect(rig.targets()).toEqual([PRIMARY, SECOND]);
  });
});
