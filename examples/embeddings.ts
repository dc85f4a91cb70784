/** The two nearest of a few sentences, by the cosine of their vectors. */
import { createClient } from 'holdfast';

const sentences = ['Kelp clings to rocks.', 'Seaweed holds on to stones.', 'The stock market fell.'];

const llm = createClient();
const { data } = await llm.embeddings.create({ model: 'openai/text-embedding-3-small', input: sentences });
const vectors = data.map((item) => item.embedding);

const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
const cosine = (a: number[], b: number[]): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

const pairs = vectors.flatMap((a, i) => vectors.slice(i + 1).map((b, j) => ({ i, j: i + 1 + j, nearness: cosine(a, b) })));
const best = pairs.reduce((a, b) => (b.nearness > a.nearness ? b : a));
console.log(`nearest, ${best.nearness.toFixed(2)}: "${sentences[best.i]}" and "${sentences[best.j]}"`);
await llm.close();
