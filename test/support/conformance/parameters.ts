import { expect } from 'vitest';
import { BadRequestError, UnsupportedParamsError } from '../../../src/index.ts';
import { messages } from './answers.ts';
import type { Each } from './bench.ts';
import { failureOf } from './reading.ts';

/** A value for each parameter that asks for something, so that leaving it out would change the answer. */
const VALUES: Readonly<Record<string, unknown>> = {
  n: 2,
  seed: 7,
  stop: ['END'],
  logprobs: true,
  logit_bias: { '50256': -100 },
  frequency_penalty: 0.5,
  presence_penalty: 0.5,
  modalities: ['text', 'audio'],
  verbosity: 'low',
  prediction: { type: 'content', content: 'x' },
};

const TOOL = [{ type: 'function' as const, function: { name: 'f', parameters: { type: 'object', properties: {} } } }];

/** Parameters that mean nothing by themselves. */
const WITH: Readonly<Record<string, object>> = {
  parallel_tool_calls: { parallel_tool_calls: false, tools: TOOL },
  top_logprobs: { logprobs: true, top_logprobs: 2 },
};

const HINTS = {
  user: 'u-1',
  metadata: { a: 'b' },
  store: true,
  service_tier: 'scale',
  prompt_cache_key: 'k',
  safety_identifier: 's',
};

export function parametersConform(each: Each): void {
  each('takes what it has and refuses what it lacks', async ({ id, llm, model, can, received }) => {
    const untold: string[] = [];
    let sent = 0;
    for (const param of [...Object.keys(VALUES), 'parallel_tool_calls']) {
      if (param === 'parallel_tool_calls' && !can.tools) continue;
      const params = { model, messages, ...(WITH[param] ?? { [param]: VALUES[param] }) };
      const outcome = await llm.chat.completions.create(params).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome === undefined) sent++;
      else {
        expect(outcome).toBeInstanceOf(UnsupportedParamsError);
        expect(outcome).toBeInstanceOf(BadRequestError);
        expect(outcome).toMatchObject({ param, provider: id, status: 400, retryable: false });
        expect(String(outcome)).toContain(`"${param}"`);
        expect(String(outcome)).toContain(id);
      }
      if ((outcome !== undefined) !== can.lacks.includes(param)) untold.push(param);
    }
    expect(untold, 'declared and real differ').toEqual([]);
    expect(received()).toHaveLength(sent);
  });

  each(
    'sends without what it lacks when told to, and says so',
    async ({ llm, model, can, received }) => {
      const lacking = can.lacks.filter((param) => param in VALUES);
      const params = Object.fromEntries(lacking.map((param) => [param, VALUES[param]]));
      const answer = await llm.chat.completions.create({ model, messages, ...params }, { unsupportedParams: 'drop' });
      for (const param of lacking) expect(answer.route.warnings.join('\n')).toContain(`"${param}"`);
      const body = received()[0]?.body as object;
      expect(Object.keys(body).filter((field) => lacking.includes(field))).toEqual([]);
    },
    (can) => can.lacks.some((param) => param in VALUES),
  );

  each('never refuses a hint', async ({ llm, model, received }) => {
    const answer = await llm.chat.completions.create({ model, messages, ...(HINTS as object) });
    expect(answer.choices).toHaveLength(1);
    const body = JSON.stringify(received()[0]?.body);
    const { warnings } = answer.route;
    for (const [hint, value] of Object.entries(HINTS)) {
      const arrived =
        body.includes(`"${hint}"`) || body.includes(JSON.stringify(value)) || warnings.join('\n').includes(`"${hint}"`);
      expect(arrived, `${hint} is sent, translated or warned of`).toBe(true);
    }
  });

  each('refuses wrong input before anything is sent', async ({ llm, model, received }) => {
    const error = await failureOf(llm.chat.completions.create({ model, messages: [] }));
    expect(error).toMatchObject({ kind: 'configuration', param: 'messages' });
    expect(received()).toEqual([]);
  });
}
