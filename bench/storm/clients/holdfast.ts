import type { Middleware } from 'holdfast';
import { circuitBreaker, createClient, fallback, retry, timeout } from 'holdfast';
import type { MakeStormClient } from './client.ts';
import { MODEL, messagesOf } from './client.ts';

const SECOND = 'anthropic/claude-sonnet-4-5';

const makeWith =
  (settings: string, layers: () => Middleware[]): MakeStormClient =>
  ({ first, second }, onBreaker) => {
    const llm = createClient({
      providers: { openai: { apiKey: 'k', baseURL: first }, anthropic: { apiKey: 'k', baseURL: second } },
      use: layers(),
    });
    llm.on('breaker-changed', ({ target, to }) => {
      if (target.provider === 'openai') onBreaker(to);
    });
    return {
      settings,
      async ask({ prompt, stream, deadlineMs, onText }) {
        const params = { model: `openai/${MODEL}` as const, messages: messagesOf(prompt) };
        if (!stream) {
          const reply = await llm.chat.completions.create(params, { deadline: deadlineMs });
          onText(reply.choices[0]?.message.content ?? '');
          return;
        }
        const chunks = await llm.chat.completions.create({ ...params, stream: true }, { deadline: deadlineMs });
        for await (const chunk of chunks) onText(chunk.choices[0]?.delta.content ?? '');
      },
      close: () => llm.close(),
    };
  };

/** The layers that the README recommends, with a second provider to go to. Its limits are six times what a good answer takes. */
export const make: MakeStormClient = makeWith(
  `fallback(['${SECOND}'], { resume: true }), retry(), circuitBreaker(), timeout({ firstToken: 600, attempt: 1200 })`,
  () => [fallback([SECOND], { resume: true }), retry(), circuitBreaker(), timeout({ firstToken: 600, attempt: 1200 })],
);

/** Nowhere to go: what the layers do for one provider. */
export const makeAlone: MakeStormClient = makeWith('retry(), circuitBreaker(), timeout()', () => [
  retry(),
  circuitBreaker(),
  timeout(),
]);

/** For many calls as fast as they come: a second provider to go to, and limits that a busy machine does not run into. */
export const makeUnhurried: MakeStormClient = makeWith(
  `fallback(['${SECOND}'], { resume: true }), retry(), circuitBreaker(), timeout()`,
  () => [fallback([SECOND], { resume: true }), retry(), circuitBreaker(), timeout()],
);
