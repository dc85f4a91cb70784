import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessageParam } from '../../../src/contract/chat.ts';
import { BadRequestError, UnsupportedParamsError } from '../../../src/errors/provider-errors.ts';
import { type EncodeOptions, encoded } from './encoded.ts';

const PDF = 'JVBERi0xLjQK';
const PNG = 'iVBORw0KGgo=';

const of = (messages: unknown[], options?: EncodeOptions) =>
  encoded({ messages: messages as readonly ChatMessageParam[] }, options);

const user = (...content: unknown[]) => of([{ role: 'user', content }]).body.messages[0]?.content;

describe('system messages', () => {
  it('are hoisted from anywhere, developer messages too', () => {
    const { body } = of([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'developer', content: [{ type: 'text', text: 'Speak Norwegian.' }] },
    ]);
    expect(body.system).toEqual([
      { type: 'text', text: 'Be brief.' },
      { type: 'text', text: 'Speak Norwegian.' },
    ]);
    expect(body.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]);
  });

  it('are a plain string when there is one without a cache breakpoint', () => {
    expect(of([{ role: 'system', content: 'Be brief.' }]).body.system).toBe('Be brief.');
  });

  it('keep cache_control', () => {
    const { body } = of([{ role: 'system', content: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } }]);
    expect(body.system).toEqual([{ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } }]);
  });
});

describe('turns', () => {
  it('of the same role are merged', () => {
    const { body } = of([
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
      { role: 'assistant', content: 'c' },
      { role: 'assistant', content: 'd' },
      { role: 'user', content: 'e' },
    ]);
    expect(body.messages.map(({ role, content }) => [role, content.map(({ text }) => text)])).toEqual([
      ['user', ['a', 'b']],
      ['assistant', ['c', 'd']],
      ['user', ['e']],
    ]);
  });

  it('lose blank text blocks, and vanish when nothing is left', () => {
    const { body } = of([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: ' \n' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '' },
          { type: 'text', text: 'b' },
        ],
      },
    ]);
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ]);
  });

  it('trim the end of a prefill, and only there', () => {
    const { body } = of([
      { role: 'user', content: 'a ' },
      { role: 'assistant', content: 'The answer is  ' },
    ]);
    expect(body.messages.map(({ content }) => content[0]?.text)).toEqual(['a ', 'The answer is']);
  });
});

describe('tool calls and results', () => {
  const call = (id: string, json = '{}') => ({ id, type: 'function', function: { name: 'f', arguments: json } });

  it('gather all results of a turn in one user message, before its text', () => {
    const { body } = of([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: 'Looking.', tool_calls: [call('a', '{"x":1}'), call('b', '')] },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'user', content: 'and hurry' },
      {
        role: 'tool',
        tool_call_id: 'b',
        content: [
          { type: 'text', text: 'two' },
          { type: 'text', text: 'three' },
        ],
      },
    ]);
    expect(body.messages[1]?.content).toEqual([
      { type: 'text', text: 'Looking.' },
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
      { type: 'tool_use', id: 'b', name: 'f', input: {} },
    ]);
    expect(body.messages[2]).toEqual({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: 'one' },
        {
          type: 'tool_result',
          tool_use_id: 'b',
          content: [
            { type: 'text', text: 'two' },
            { type: 'text', text: 'three' },
          ],
        },
        { type: 'text', text: 'and hurry' },
      ],
    });
    expect(body.messages).toHaveLength(3);
  });

  it('send empty results without content, and mark errors', () => {
    const { body } = of([
      { role: 'assistant', content: null, tool_calls: [call('a')] },
      { role: 'tool', tool_call_id: 'a', content: '', is_error: true },
    ]);
    expect(body.messages[1]?.content).toEqual([{ type: 'tool_result', tool_use_id: 'a', is_error: true }]);
  });

  it('keep arguments that are no JSON object', () => {
    const { body } = of([{ role: 'assistant', content: null, tool_calls: [call('a', '{"x":'), call('b', '[1]')] }]);
    expect(body.messages[0]?.content.map(({ input }) => input)).toEqual([{ arguments: '{"x":' }, { arguments: '[1]' }]);
  });

  it('give foreign ids the same accepted form in call and result', () => {
    const { body } = of([
      { role: 'assistant', content: null, tool_calls: [call('functions.get:0'), call('functions/get:0'), call('toolu_1')] },
      { role: 'tool', tool_call_id: 'functions/get:0', content: 'second' },
      { role: 'tool', tool_call_id: 'functions.get:0', content: 'first' },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'third' },
    ]);
    const [calls, results] = body.messages;
    expect(calls?.content.map(({ id }) => id)).toEqual(['functions_get_0', 'functions_get_0_2', 'toolu_1']);
    expect(results?.content.map(({ tool_use_id, content }) => [tool_use_id, content])).toEqual([
      ['functions_get_0_2', 'second'],
      ['functions_get_0', 'first'],
      ['toolu_1', 'third'],
    ]);
  });

  it('never repeat an id, even where another provider counted from zero in every turn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
        (turns) => {
          const { body } = of(
            turns.flatMap((ids) => [
              { role: 'assistant', content: null, tool_calls: ids.map((id) => call(id)) },
              ...ids.map((id) => ({ role: 'tool', tool_call_id: id, content: `result of ${id}` })),
            ]),
          );
          const calls = body.messages.flatMap(({ content }) =>
            content.filter(({ type }) => type === 'tool_use').map(({ id }) => id),
          );
          const results = body.messages.flatMap(({ content }) =>
            content.filter(({ type }) => type === 'tool_result').map(({ tool_use_id }) => tool_use_id),
          );
          expect(results).toEqual(calls);
          expect(new Set(calls).size).toBe(calls.length);
          for (const id of calls) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
        },
      ),
    );
  });

  it('refuse custom tool calls and the function role', () => {
    expect(() => of([{ role: 'function', name: 'f', content: 'x' }])).toThrow(UnsupportedParamsError);
    const custom = { id: 'c', type: 'custom', custom: { name: 'x', input: 'y' } };
    expect(() => of([{ role: 'assistant', content: 'a', tool_calls: [custom] }])).toThrow(UnsupportedParamsError);
    const { body, warnings } = of([{ role: 'assistant', content: 'a', tool_calls: [custom] }], { drop: true });
    expect(body.messages[0]?.content).toEqual([{ type: 'text', text: 'a' }]);
    expect(warnings).toHaveLength(1);
  });
});

describe('thinking blocks', () => {
  const signed = { type: 'thinking', thinking: 'hm', signature: 'sig' };
  const redacted = { type: 'redacted_thinking', data: 'xyz' };

  it('go back unmodified and first', () => {
    const { body, warnings } = of([
      { role: 'assistant', content: 'a', thinking_blocks: [signed, redacted], reasoning_content: 'hm' },
      { role: 'user', content: 'b' },
    ]);
    expect(body.messages[0]?.content).toEqual([signed, redacted, { type: 'text', text: 'a' }]);
    expect(warnings).toEqual([]);
  });

  it('without a signature are dropped with a warning', () => {
    const { body, warnings } = of([
      { role: 'assistant', content: 'a', thinking_blocks: [{ type: 'thinking', thinking: 'foreign' }, signed] },
      { role: 'user', content: 'b' },
    ]);
    expect(body.messages[0]?.content).toEqual([signed, { type: 'text', text: 'a' }]);
    expect(warnings.join()).toMatch(/signature/);
  });
});

describe('parts', () => {
  it('images as data URI and as URL', () => {
    expect(user({ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } })).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
    ]);
    expect(user({ type: 'image_url', image_url: { url: `data:image/jpg;base64,${PNG}` } })?.[0]).toMatchObject({
      source: { media_type: 'image/jpeg' },
    });
    expect(user({ type: 'image_url', image_url: { url: 'https://example.com/a.png' } })).toEqual([
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
    ]);
  });

  it('image detail is a hint', () => {
    const part = { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'high' } };
    expect(of([{ role: 'user', content: [part] }]).warnings.join()).toMatch(/detail/);
  });

  it.each([
    ['an image type that is not read', { type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } }],
    ['another scheme', { type: 'image_url', image_url: { url: 'gs://bucket/a.png' } }],
    ['an empty file', { type: 'file', file: {} }],
    ['a file type that is not read', { type: 'file', file: { file_data: 'data:application/zip;base64,AAAA' } }],
    ['text that is no base64', { type: 'file', file: { file_data: 'data:text/plain;base64,%%%' } }],
  ])('%s is refused before sending', (_, part) => {
    expect(() => user({ type: 'text', text: 'see' }, part)).toThrow(BadRequestError);
    expect(() => user({ type: 'text', text: 'see' }, part)).toThrow(/messages\[0\]\.content\[1\]/);
  });

  it('files: PDF, text, and ids', () => {
    expect(user({ type: 'file', file: { file_data: `data:application/pdf;base64,${PDF}`, filename: 'a.pdf' } })).toEqual([
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF }, title: 'a.pdf' },
    ]);
    expect(user({ type: 'file', file: { file_data: PDF } })?.[0]).toMatchObject({ type: 'document', source: { data: PDF } });
    expect(user({ type: 'file', file: { file_data: btoa('h\u00c3\u00a5'), filename: 'note.txt' } })).toEqual([
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'hå' }, title: 'note.txt' },
    ]);
    expect(user({ type: 'file', file: { file_id: 'file_1' } })).toEqual([
      { type: 'document', source: { type: 'file', file_id: 'file_1' } },
    ]);
    expect(user({ type: 'file', file: { file_id: 'file_2', filename: 'a.PNG' } })?.[0]?.type).toBe('image');
  });

  it('audio is unsupported', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } };
    expect(() => user(audio)).toThrow(UnsupportedParamsError);
    expect(() => user(audio)).toThrow(/input_audio/);
  });
});

describe('cache breakpoints', () => {
  const text = (ttl?: string) => ({
    type: 'text',
    text: 'x',
    prompt_cache_breakpoint: { mode: 'explicit', ...(ttl === undefined ? {} : { ttl }) },
  });

  it('are read from openai’s field, with its lifetimes', () => {
    const { body, warnings } = of([{ role: 'user', content: [text(), text('30m'), text('12h')] }]);
    expect(body.messages[0]?.content.map(({ cache_control }) => cache_control)).toEqual([
      { type: 'ephemeral' },
      { type: 'ephemeral', ttl: '1h' },
      { type: 'ephemeral', ttl: '1h' },
    ]);
    expect(warnings).toHaveLength(1);
  });

  it('inherit the lifetime of the request', () => {
    const { body, warnings } = encoded({
      messages: [{ role: 'user', content: [text()] }] as never,
      prompt_cache_options: { ttl: '30m' },
    });
    expect(body.messages[0]?.content[0]?.cache_control).toEqual({ type: 'ephemeral', ttl: '1h' });
    expect(warnings).toEqual([]);
  });

  it('are four at most: the first and the last three', () => {
    const { body, warnings } = of([{ role: 'user', content: Array.from({ length: 6 }, () => text()) }]);
    expect(body.messages[0]?.content.map((block) => 'cache_control' in block)).toEqual([true, false, false, true, true, true]);
    expect(warnings).toHaveLength(1);
  });

  it('of a message go to its last block', () => {
    const cache_control = { type: 'ephemeral' };
    const { body } = of([{ role: 'tool', tool_call_id: 'a', content: 'r', cache_control }]);
    expect(body.messages[0]?.content[0]).toEqual({ type: 'tool_result', tool_use_id: 'a', content: 'r', cache_control });
  });
});
