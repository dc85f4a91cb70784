import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../../src/index.ts';
import { startMockServer } from '../../../src/testing/index.ts';

describe('ollama_chat', () => {
  it("is Ollama's native chat under LiteLLM's name", async () => {
    await using mock = await startMockServer();
    const host = mock.baseURL('ollama_chat');
    const llm = createClient({ use: [], providers: { ollama_chat: { baseURL: host } } });
    mock.enqueue('ollama_chat', 'Alike.', 'Alike.');
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const official = await new Ollama({ host }).chat({ model: 'llama3.2', messages });
    const ours = await llm.chat.completions.create({
      model: 'ollama_chat/llama3.2',
      messages,
      providerOptions: { ollama_chat: { keep_alive: '5m' }, ollama: { keep_alive: 'not this' } },
    });
    expect(ours.choices[0]?.message.content).toBe(official.message.content);
    expect(ours.route).toMatchObject({ provider: 'ollama_chat', model: 'llama3.2' });
    expect(mock.requests[1]).toMatchObject({ provider: 'ollama_chat', path: '/api/chat', body: { keep_alive: '5m' } });
    await llm.chat.completions.create({
      model: 'ollama_chat/llama3.2',
      messages,
      providerOptions: { ollama: { keep_alive: 0 } },
    });
    expect(mock.requests[2]?.body).toMatchObject({ keep_alive: 0 });
    await llm.close();
  });
});
