/** A layer of your own: equal questions are answered from memory, and only the first one is sent. */
import { type Call, createClient, type Middleware, type Next, type OperationName, type ResultOf, retry, timeout } from 'holdfast';

function remember(max = 100): Middleware {
  const answers = new Map<string, ResultOf<OperationName>>();
  return async <K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> => {
    if (call.operation !== 'chat' && call.operation !== 'embed') return next(call);
    const key = JSON.stringify([call.operation, call.target, call.request]);
    const known = answers.get(key);
    if (known !== undefined) return structuredClone(known) as ResultOf<K>;
    const answer = await next(call);
    if (answers.size >= max) answers.clear();
    answers.set(key, structuredClone(answer));
    return answer;
  };
}

const llm = createClient({ use: [remember(), retry(), timeout()] });
for (const question of ['What is kelp?', 'What is a holdfast?', 'What is kelp?']) {
  const reply = await llm.chat.completions.create({
    model: 'openai/gpt-5-mini',
    messages: [{ role: 'user', content: question }],
  });
  const source = reply.route.attempts.length === 0 ? 'from memory' : 'from the provider';
  console.log(`${question} ${reply.choices[0]?.message.content} (${source})`);
}
await llm.close();
