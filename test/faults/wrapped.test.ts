import { describe, expect, it } from 'vitest';
import { explained } from '../support/explain.ts';
import { CORPUS, FIELD } from './corpus-entries.ts';

// Bodies inside the body of whoever passed them on: they mean what they meant alone.

const REST: Readonly<Record<string, string>> = { null: 'None', true: 'True', false: 'False' };

/** As Python prints it. */
function python(value: unknown): string {
  if (typeof value === 'string') {
    const quoted = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    return value.includes("'") && !value.includes('"') ? `"${quoted}"` : `'${quoted.replaceAll("'", "\\'")}'`;
  }
  if (typeof value !== 'object' || value === null) return REST[String(value)] ?? String(value);
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  const fields = Object.entries(value).map(([name, member]) => `${python(name)}: ${python(member)}`);
  return `{${fields.join(', ')}}`;
}

const textOf = (body: unknown): string => JSON.stringify(body);
const said = (message: string, more: object = {}): object => ({
  error: { message, type: null, param: null, code: null, ...more },
});

const WRAPPINGS: Readonly<Record<string, (body: unknown, status: number) => unknown>> = {
  'a list': (body) => [body],
  'JSON as detail': (body) => ({ detail: textOf(body) }),
  'JSON behind words': (body) => said(`openai error: ${textOf(body)}`, { type: 'upstream_error' }),
  "OpenRouter's metadata": (body, code) =>
    said('Provider returned error', { code, metadata: { raw: textOf(body), provider_name: 'Some' } }),
  "what Python's SDK prints": (body, status) => said(`Error code: ${status} - ${python(body)}`),
  "LiteLLM's sentence": (body, status) =>
    said(`litellm.APIError: OpenAIException - ${textOf(body)}. Received Model Group=x`, { code: String(status) }),
};

const bodies = [...CORPUS, ...FIELD].flatMap(({ id, status, body }) =>
  status !== null && status >= 400 && typeof body === 'object' && body !== null ? [{ id, status, body }] : [],
);

describe.each(Object.keys(WRAPPINGS))('inside %s', (name) => {
  it('every failure keeps its class', () => {
    const wrong = bodies.flatMap(({ id, status, body }) => {
      const alone = explained('openai_compatible', status, body).name;
      const wrapped = explained('openai_compatible', status, WRAPPINGS[name]?.(body, status)).name;
      return alone === wrapped ? [] : [`${id}: ${wrapped} instead of ${alone}`];
    });
    expect(wrong).toEqual([]);
    expect(bodies.length).toBeGreaterThan(300);
  });
});
