/**
 * `npm run demo`: seven scenes of a client that holds, over real HTTP against mock providers on loopback.
 * `npm run demo -- --live` sends the same calls to the real services whose keys are in the environment.
 */

import type { Middleware } from 'holdfast';
import { circuitBreaker, createClient, fallback, isLLMError, retry, timeout } from 'holdfast';
import { fault, reply } from 'holdfast/testing';
import { catalogueOfFailures } from './failures.ts';
import { heading, line, paint, printTimeline } from './timeline.ts';
import { openWorld } from './world.ts';

const world = await openWorld(process.argv.includes('--live'));
const { mock, providers, models } = world;
const [first = '', second = first, third = second] = models;
const ask = [{ role: 'user' as const, content: 'What does a holdfast do? One sentence.' }];
const client = (...use: Middleware[]) => createClient({ providers, use });

try {
  console.log(paint('dim', world.live ? `live: ${models.join(', ')}` : 'mock providers on loopback; no keys, no internet'));

  heading(1, 'A plain call to each dialect');
  {
    const llm = client(timeout());
    for (const model of models) {
      mock?.enqueue(model.split('/')[0] ?? '', reply(`${model} says: it holds on.`));
      const answer = await llm.chat.completions.create({ model, messages: ask });
      line(`${paint('cyan', model)}  ${answer.choices[0]?.message.content}  (${answer.usage?.total_tokens ?? '?'} tokens)`);
    }
    await llm.close();
  }

  heading(2, 'A stream');
  {
    const llm = client(timeout());
    mock?.enqueue(
      'openai',
      reply({ text: 'A holdfast anchors kelp to the rock, whatever the sea does.', chunks: 12, delayMs: 15 }),
    );
    const stream = await llm.chat.completions.create({ model: first, messages: ask, stream: true });
    process.stdout.write('   ');
    for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
    process.stdout.write('\n');
    await llm.close();
  }

  heading(3, 'A chain: overloaded, rate limited, answered');
  {
    const llm = client(
      fallback(world.live ? models : [second, first, third]),
      retry({ minDelay: 150 }),
      circuitBreaker(),
      timeout(),
    );
    mock?.enqueue('anthropic', fault.overloaded(), fault.overloaded(), fault.overloaded());
    mock?.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 }));
    mock?.enqueue('gemini', reply('The third target answered.'));
    const answer = await llm.chat.completions.create({ model: world.live ? first : second, messages: ask });
    printTimeline(answer.route?.attempts ?? []);
    line(paint('green', answer.choices[0]?.message.content ?? ''));
    await llm.close();
  }

  heading(4, 'A context overflow moves to a larger model');
  {
    const llm = client(fallback([], { contextWindow: [third] }), retry(), timeout());
    mock?.enqueue('openai', fault.contextWindow());
    mock?.enqueue('gemini', reply('It fits in here.'));
    const answer = await llm.chat.completions.create({ model: first, messages: ask });
    printTimeline(answer.route?.attempts ?? []);
    line(paint('green', answer.choices[0]?.message.content ?? ''));
    await llm.close();
  }

  heading(5, 'A stream cut in the middle keeps what had arrived');
  {
    const llm = client(timeout());
    mock?.enqueue(
      'anthropic',
      fault.cutAfter(3, { text: 'Everything until here has arrived, but this part never will.', chunks: 6 }),
    );
    try {
      const stream = await llm.chat.completions.create({ model: second, messages: ask, stream: true });
      for await (const _ of stream);
      line('the stream ended well');
    } catch (error) {
      if (!isLLMError(error, 'stream_interrupted')) throw error;
      line(`${paint('red', error.name)}: ${error.message}`);
      line(`kept: ${paint('green', JSON.stringify(error.partial.content))} in ${error.partial.chunks} chunks`);
    }
    await llm.close();
  }

  heading(6, 'A breaker opens, rejects at once, closes again');
  {
    const llm = client(circuitBreaker({ minCalls: 3, openFor: 400 }), timeout());
    llm.on('breaker-changed', ({ from, to }) => line(paint('magenta', `breaker: ${from} → ${to}`)));
    const attempt = async (): Promise<void> => {
      const start = performance.now();
      const outcome = await llm.chat.completions.create({ model: first, messages: ask }).then(
        () => paint('green', 'answered'),
        (error: unknown) => (isLLMError(error) ? paint('red', error.kind) : String(error)),
      );
      line(`${outcome} after ${(performance.now() - start).toFixed(1)} ms`);
    };
    mock?.enqueue('openai', fault.unavailable(), fault.unavailable(), fault.unavailable());
    for (let i = 0; i < 5; i++) await attempt();
    await new Promise((resolve) => setTimeout(resolve, 550));
    await attempt();
    await llm.close();
  }

  heading(7, 'Every failure is an instance of our class and of the class of openai');
  await catalogueOfFailures(world);
} catch (error) {
  // the service said no: its words are enough
  if (!world.live || !isLLMError(error)) throw error;
  console.error(`${paint('red', error.name)}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await world.close();
}
