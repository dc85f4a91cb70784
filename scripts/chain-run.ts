import { type Attempt, circuitBreaker, createClient, fallback, retry, timeout } from 'holdfast';
import { type FakeClock, fakeClock, fault, reply, type ScriptItem, startMockServer } from 'holdfast/testing';

/** The third scene of the demo, as it is drawn. */
export interface ChainRun {
  readonly attempts: readonly Attempt[];
  readonly totalMs: number;
}

const TARGETS = ['anthropic/claude-sonnet-4-5', 'openai/gpt-5-mini', 'gemini/gemini-2.5-flash'] as const;
const PROVIDERS = ['anthropic', 'openai', 'gemini'] as const;
const STEP_MS = 10;

/**
 * Plays the scene against a mock server whose services take their time: on a clock that is moved by hand,
 * with the same dice every time, so that the picture stays the same.
 */
export async function playChain(): Promise<ChainRun> {
  const clock = fakeClock();
  const dice = [0.62, 0.58];
  clock.random = () => dice.shift() ?? 0.5;
  const mock = await startMockServer({ clock });
  const llm = createClient({
    providers: Object.fromEntries(PROVIDERS.map((id) => [id, { apiKey: 'key', baseURL: mock.baseURL(id) }])),
    use: [fallback(TARGETS), retry(), circuitBreaker(), timeout()],
    clock,
  });
  const overloaded = after(clock, 180, fault.overloaded());
  mock.enqueue('anthropic', overloaded, overloaded, overloaded);
  mock.enqueue('openai', after(clock, 150, fault.rateLimit({ retryAfterSeconds: 120 })));
  mock.enqueue('gemini', after(clock, 520, reply('The third target answered.')));

  const start = clock.now();
  let running = true;
  const call = llm.chat.completions
    .create({ model: TARGETS[0], messages: [{ role: 'user', content: 'What does a holdfast do?' }] })
    .finally(() => {
      running = false;
    });
  while (running) {
    await new Promise((resolve) => setTimeout(resolve, 3)); // bytes on the loopback arrive before the clock moves
    await clock.advance(STEP_MS);
  }
  const { route } = await call;
  const totalMs = clock.now() - start;
  await llm.close();
  await mock.close();
  return { attempts: route.attempts, totalMs };
}

function after(clock: FakeClock, ms: number, answer: Exclude<ScriptItem, (...args: never[]) => unknown>): ScriptItem {
  return () => new Promise((resolve) => clock.timer(() => resolve(answer), ms));
}
