import type { MockServer } from 'holdfast/testing';
import { fault, reply } from 'holdfast/testing';
import { expect } from 'vitest';

/** What the services answer to a block of a page, and what it then must print and have sent. */
export interface Scene {
  /** Starts what a page needs besides the mock server. */
  needs?(): Promise<Surroundings>;
  script?(mock: MockServer): void;
  readonly prints?: readonly (string | RegExp)[];
  sent?(mock: MockServer): void;
}

/** What a block finds around it; or why it cannot run here. */
export type Surroundings =
  | { readonly env: Readonly<Record<string, string>>; close(): Promise<void>; readonly missing?: undefined }
  | { readonly missing: string };

const usage = { promptTokens: 9, completionTokens: 3 };
const asked = (mock: MockServer): string[] => mock.requests.map(({ provider }) => provider);

/** The blocks of the pages for those who come from another library. */
export const MIGRATION_SCENES: Record<string, Scene> = {
  'docs/from-litellm.md › A call 1': {
    script: (mock) => mock.enqueue('anthropic', reply('It holds on.')),
    prints: [/^It holds on\. anthropic \[.*seed.*\]$/m],
    sent: (mock) => expect(JSON.stringify(mock.requests[0]?.body)).not.toMatch(/seed|kelp"/),
  },
  'docs/from-litellm.md › Router 1': {
    script: (mock) => mock.enqueue('openai', fault.contextWindow()),
    prints: [/^openai: context_window_exceeded, gemini: success$/m],
  },
  'docs/from-litellm.md › Exceptions 1': {
    script: (mock) => mock.enqueue('openai', fault.quota()),
    prints: [
      'as with openai.RateLimitError in Python',
      'a RateLimitError that waiting does not help: false',
      /^429 openai openai\/gpt-5-mini: 429 insufficient credits.* req_\S+$/m,
    ],
    sent: (mock) => expect(asked(mock)).toEqual(['openai']),
  },
  'docs/from-litellm.md › mock_response 1': { prints: [/^It is a mock\.\nContextWindowExceededError$/m] },
  'docs/from-openai.md › The client 1': {
    script(mock) {
      mock.enqueue('openai', reply({ text: 'Hello yourself.', usage }));
    },
    prints: [/^Hello yourself\. 12$/m, /^chat\.completion 200 true$/m],
  },
  'docs/from-openai.md › Calls that stay 1': {
    script(mock) {
      mock.enqueue('openai', reply('One two three.'));
      mock.enqueue('gemini', reply('Four five six.'));
    },
    prints: [/^One two three\.$/m, /^Four five six\.$/m, /^ stop$/m],
  },
  'docs/from-openai.md › Errors 1': {
    script: (mock) => mock.enqueue('openai', fault.quota(), fault.rateLimit(), fault.resetBeforeHeaders()),
    prints: ['out of money, and a 429 of OpenAI: true', /^rate limited 429 rate_limit_exceeded true$/m, /^no answer undefined$/m],
  },
  'docs/from-openai.md › Keep what you have 1': { prints: [/^true$/m], sent: (mock) => expect(asked(mock)).toHaveLength(2) },
  'docs/from-vercel-ai-sdk.md › Text 1': {
    script(mock) {
      mock.enqueue('openai', reply({ text: 'It holds on.', usage }));
      mock.enqueue('anthropic', reply({ text: 'Kelp holds on.', usage }));
    },
    prints: [/^It holds on\. stop 3$/m, /^Kelp holds on\.$/m, /^ 12$/m],
    sent: (mock) => expect(mock.requests[0]?.body).toMatchObject({ max_completion_tokens: 200 }),
  },
  'docs/from-vercel-ai-sdk.md › Objects and tools 1': {
    script(mock) {
      mock.enqueue('gemini', reply('{"city":"Paris"}'));
      mock.enqueue('anthropic', reply({ toolCalls: [{ name: 'get_weather', arguments: { city: 'Oslo' } }] }), reply('It rains.'));
    },
    prints: [/^Paris$/m, /^It rains\.$/m],
    sent: (mock) => expect(JSON.stringify(mock.requests.map(({ body }) => body))).toContain('Rain in Oslo'),
  },
  'docs/from-vercel-ai-sdk.md › Failures 1': {
    script: (mock) => mock.enqueue('openai', fault.overloaded(), fault.overloaded(), fault.cutAfter(3)),
    prints: [/^service_unavailable 503 true 2 openai$/m, /^word1 word2 word3 … kept: word1 word2 word3$/m],
  },
  'docs/from-vercel-ai-sdk.md › Tests 1': { prints: [/^Kelp holds on\.1$/m] },
};
