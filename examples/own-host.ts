/** A server of your own that speaks OpenAI's dialect: it gets a name, and every layer works around it. */
import { createClient, openaiCompatible } from 'holdfast';

const { OWN_LLM_URL = 'http://127.0.0.1:8000/v1', OWN_LLM_KEY } = process.env;

const llm = createClient({
  providers: { cluster: openaiCompatible({ baseURL: OWN_LLM_URL, apiKey: OWN_LLM_KEY }) },
  defaultProvider: 'cluster',
});

const models = await llm.models.list();
console.log(`models: ${models.data.map((model) => model.id).join(', ')}`);

const model = models.data[0]?.id ?? 'default';
const reply = await llm.chat.completions.create({ model: `cluster/${model}`, messages: [{ role: 'user', content: 'Hello' }] });
console.log(`${reply.route.provider}/${reply.route.model}: ${reply.choices[0]?.message.content}`);
await llm.close();
