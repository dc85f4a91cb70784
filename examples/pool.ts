/** Two keys of one service and a second service behind one name: who has the fewest calls under way is asked. */
import { circuitBreaker, createClient, fallback, pool, providerInstance, retry } from 'holdfast';

const fast = pool([
  { model: 'key_a/gpt-5-mini', weight: 2 },
  'key_b/gpt-5-mini',
  { model: 'anthropic/claude-haiku-4-5', params: { max_tokens: 200 } },
]);

const llm = createClient({
  providers: {
    key_a: providerInstance('openai', { apiKey: process.env.OPENAI_KEY_A ?? process.env.OPENAI_API_KEY }),
    key_b: providerInstance('openai', { apiKey: process.env.OPENAI_KEY_B ?? process.env.OPENAI_API_KEY }),
    fast,
  },
  use: [fallback(['gemini/gemini-2.5-flash']), retry(), circuitBreaker()],
});

const seaweeds = ['kelp', 'dulse', 'wrack', 'laver', 'sea lettuce', 'carrageen', 'oarweed', 'dabberlocks'];
const answers = await Promise.all(
  seaweeds.map((name) =>
    llm.chat.completions.create({ model: 'fast', messages: [{ role: 'user', content: `What is ${name}?` }] }),
  ),
);

for (const provider of ['key_a', 'key_b', 'anthropic']) {
  console.log(`${provider}: ${answers.filter(({ route }) => route.provider === provider).length} of ${answers.length}`);
}
for (const { route } of answers) {
  const [first, second] = route.attempts;
  if (second !== undefined) console.log(`${first?.provider} said ${first?.outcome}, ${second.provider} answered`);
}
for (const { member, inFlight, restsUntil } of fast.snapshot()) {
  console.log(`${member}: ${inFlight} under way${restsUntil === undefined ? '' : ', resting'}`);
}
await llm.close();
