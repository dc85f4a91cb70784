/** Your own code under failures, without keys, without a network and without waiting. */
import assert from 'node:assert/strict';
import { createClient, type LLMClient } from 'holdfast';
import { fakeClock, fault, reply, startMockServer } from 'holdfast/testing';

/** The code under test. */
async function summarise(llm: LLMClient, text: string): Promise<string> {
  const answer = await llm.chat.completions.create({
    model: 'anthropic/claude-sonnet-4-5',
    messages: [{ role: 'user', content: `Summarise: ${text}` }],
  });
  return answer.choices[0]?.message.content ?? '';
}

const mock = await startMockServer();
const clock = fakeClock();
const llm = createClient({ providers: { anthropic: { apiKey: 'test', baseURL: mock.baseURL('anthropic') } }, clock });

mock.enqueue('anthropic', fault.rateLimit({ retryAfterSeconds: 30 }), fault.cutAfter(0), reply('Kelp holds on.'));
const pending = summarise(llm, 'a long text about kelp');
while (mock.requests.length < 3) await clock.advance(5000);

assert.equal(await pending, 'Kelp holds on.');
assert.match(JSON.stringify(mock.requests[0]?.body), /Summarise: a long text/);
console.log(`${mock.requests.length} requests, half a minute of waiting, in ${process.uptime().toFixed(1)} s`);
await llm.close();
await mock.close();
