import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { mistral } from '../../../src/providers/mistral/mistral.ts';
import { providerOn } from '../../support/recording-transport.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const on = (answer: object | string) => providerOn(mistral, { settings: { apiKey: 'k' }, answer });
const read = async (answer: object) => (await on(answer).run('chat', { messages })).result;
const events = (...list: object[]): string =>
  [...list.map((event) => JSON.stringify(event)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');

async function chunksOf(...list: object[]): Promise<ChatChunk[]> {
  const { result } = await on(events(...list)).run('stream', { messages, stream_options: { include_usage: true } });
  const chunks: ChatChunk[] = [];
  for await (const chunk of result) chunks.push(chunk);
  return chunks;
}

describe('answers', () => {
  it('have their thinking apart and their calls in order', async () => {
    const reply = await read({
      id: 'm',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            content: [
              {
                type: 'thinking',
                thinking: [
                  { type: 'text', text: 'Hm, ' },
                  { type: 'text', text: 'so.' },
                ],
              },
              { type: 'text', text: 'One ' },
              { type: 'reference', reference_ids: [1] },
              { type: 'text', text: 'moment.' },
            ],
            tool_calls: [
              { id: 'null', type: 'null', function: { name: 'f', arguments: { x: 1 } } },
              { id: 'D681PevKs', function: { name: 'g', arguments: '{}' } },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, num_cached_tokens: 4 },
    });
    expect(reply.choices[0]?.message).toMatchObject({ content: 'One moment.', reasoning_content: 'Hm, so.' });
    const calls = reply.choices[0]?.message.tool_calls;
    expect(calls).toMatchObject([
      { type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'D681PevKs', type: 'function', function: { name: 'g', arguments: '{}' } },
    ]);
    expect(calls?.[0]?.id).not.toBe('null');
    expect(reply.usage).toMatchObject({ prompt_tokens_details: { cached_tokens: 4 } });
  });

  it('of server tools end with what the assistant said last', async () => {
    const said = [
      { role: 'assistant', content: 'Searching.' },
      { role: 'tool', content: 'found' },
      { role: 'assistant', content: 'Found it.' },
    ];
    const reply = await read({ choices: [{ index: 0, messages: said, finish_reason: 'stop' }] });
    expect(reply.choices[0]?.message.content).toBe('Found it.');
  });

  it.each([
    ['model_length', 'length'],
    ['stop', 'stop'],
  ])('that end with %s end with %s', async (raw, finish) => {
    const reply = await read({ choices: [{ index: 0, message: { content: 'x' }, finish_reason: raw }] });
    expect(reply.choices[0]?.finish_reason).toBe(finish);
  });

  it.each([
    ['a finish reason', { choices: [{ index: 0, message: { content: '' }, finish_reason: 'error' }] }, 'internal_server'],
    ['a flat body', { object: 'error', message: 'Rate limit exceeded', type: 'rate_limited', code: '1300' }, 'rate_limit'],
    ['a guardrail', { object: 'Error', message: 'Blocked.', code: 3200, guardrails: [{ a: {} }] }, 'content_policy_violation'],
  ])('may be an error by %s', async (_, body, kind) => {
    await expect(read(body)).rejects.toMatchObject({ kind });
  });
});

describe('streams', () => {
  const head = { id: 'm1', object: 'chat.completion.chunk', created: 1, model: 'magistral' };
  const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason }],
    ...more,
  });

  it('tell thinking, whole calls and usage with the last delta', async () => {
    const call = (id: string) => ({ id, function: { name: 'f', arguments: '{"x": 1}' }, index: 0 });
    const chunks = await chunksOf(
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }] }),
      chunk({ content: 'One moment.' }),
      chunk({ content: '', tool_calls: [call('D681PevKs'), call('E681PevKs')] }, 'tool_calls', {
        usage: { prompt_tokens: 80, completion_tokens: 22, total_tokens: 102 },
      }),
    );
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    expect(deltas[1]).toMatchObject({ reasoning_content: 'Hm.' });
    expect(deltas[2]).toMatchObject({ content: 'One moment.' });
    expect(deltas[3]?.tool_calls).toMatchObject([
      { index: 0, id: 'D681PevKs' },
      { index: 1, id: 'E681PevKs' },
    ]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 102 } });
    expect(chunks.slice(0, -1).every(({ usage }) => !usage)).toBe(true);
  });

  it('raise an error with what came before', async () => {
    const failed = {
      object: 'error',
      message: 'Service tier capacity exceeded for this model.',
      type: 'service_tier_capacity_exceeded',
    };
    await expect(chunksOf(chunk({ content: 'Hel' }), failed)).rejects.toMatchObject({
      kind: 'rate_limit',
      partial: { content: 'Hel' },
    });
  });
});
