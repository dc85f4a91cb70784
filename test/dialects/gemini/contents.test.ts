import { describe, expect, it } from 'vitest';
import type { ChatMessageParam } from '../../../src/contract/chat.ts';
import { developerAPI } from '../../../src/dialects/gemini/service-traits.ts';
import { encoded, type Setting } from './encoded.ts';

const contentsOf = async (messages: readonly ChatMessageParam[], setting?: Setting) =>
  (await encoded({ messages }, setting)).body.contents;

const called = (id: string, name: string, signature?: string): ChatMessageParam => ({
  role: 'assistant',
  content: null,
  tool_calls: [
    {
      id,
      type: 'function',
      function: { name, arguments: '{"city":"Oslo"}' },
      ...(signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } }),
    },
  ],
});

describe('roles', () => {
  it('joins system and developer messages into the instruction', async () => {
    const { body } = await encoded({
      messages: [
        { role: 'system', content: 'A' },
        { role: 'user', content: 'u' },
        { role: 'developer', content: [{ type: 'text', text: 'B' }] },
      ],
    });
    expect(body.systemInstruction).toEqual({ parts: [{ text: 'A\n\nB' }] });
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'u' }] }]);
  });

  it('puts the system text into the first user turn for Gemma', async () => {
    const messages: ChatMessageParam[] = [
      { role: 'system', content: 'A' },
      { role: 'user', content: 'u' },
    ];
    const { body } = await encoded({ messages }, { model: 'gemma-3-27b-it' });
    expect(body.systemInstruction).toBeUndefined();
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'A' }, { text: 'u' }] }]);
    expect(await contentsOf([{ role: 'system', content: 'A' }], { model: 'gemma-3-27b-it' })).toEqual([
      { role: 'user', parts: [{ text: 'A' }] },
    ]);
  });

  it('merges neighbours, skips what is empty and begins with the user', async () => {
    expect(
      await contentsOf([
        { role: 'assistant', content: 'm1' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
        { role: 'user', content: '' },
        { role: 'user', content: 'u1' },
        { role: 'assistant', content: '' },
        { role: 'user', content: [{ type: 'text', text: 'u2' }] },
      ]),
    ).toEqual([
      { role: 'user', parts: [{ text: ' ' }] },
      { role: 'model', parts: [{ text: 'm1' }, { text: 'no' }] },
      { role: 'user', parts: [{ text: 'u1' }, { text: 'u2' }] },
    ]);
  });

  it('never sends a turn without parts', async () => {
    expect(await contentsOf([{ role: 'system', content: 'A' }])).toEqual([{ role: 'user', parts: [{ text: ' ' }] }]);
    expect(await contentsOf([])).toEqual([{ role: 'user', parts: [{ text: ' ' }] }]);
  });

  it('refuses unknown roles and parts', async () => {
    const odd = { role: 'robot', content: 'x' } as unknown as ChatMessageParam;
    await expect(contentsOf([odd])).rejects.toMatchObject({ kind: 'bad_request', param: 'messages[0].role' });
    const part = { role: 'user', content: [{ type: 'video', video: 1 }] } as unknown as ChatMessageParam;
    await expect(contentsOf([part])).rejects.toMatchObject({
      kind: 'unsupported_params',
      param: 'messages[0].content[0].type',
    });
  });
});

describe('media', () => {
  const user = (...content: object[]): ChatMessageParam => ({ role: 'user', content }) as unknown as ChatMessageParam;
  const image = (url: string, more: object = {}): object => ({ type: 'image_url', image_url: { url, ...more } });
  const long = 'A'.repeat(40_000);

  it.each<[string, object, object]>([
    ['image data URI', image('data:image/jpg;base64,/9j/AA=='), { inlineData: { mimeType: 'image/jpeg', data: '/9j/AA==' } }],
    ['long data URI', image(`data:image/png;base64,${long}`), { inlineData: { mimeType: 'image/png', data: long } }],
    ['bare base64', image('iVBORw0KGgoAAAA'), { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgoAAAA' } }],
    [
      'recording',
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
      { inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } },
    ],
    [
      'file data URI',
      { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBE', filename: 'a.pdf' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBE' } },
    ],
    [
      'file bytes',
      { type: 'file', file: { file_data: 'AAAA', filename: 'a.csv' } },
      { inlineData: { mimeType: 'text/csv', data: 'AAAA' } },
    ],
    ['file_id', { type: 'file', file: { file_id: 'files/abc' } }, { fileData: { fileUri: 'files/abc' } }],
    [
      'Files address',
      image('https://generativelanguage.googleapis.com/v1beta/files/abc', { format: 'image/webp' }),
      { fileData: { mimeType: 'image/webp', fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' } },
    ],
    ['bucket', image('gs://b/a.png'), { fileData: { mimeType: 'image/png', fileUri: 'gs://b/a.png' } }],
    ['video', image('https://youtu.be/xyz'), { fileData: { fileUri: 'https://youtu.be/xyz' } }],
  ])('%s', async (_name, part, sent) => {
    expect((await contentsOf([user(part)]))[0]?.parts).toEqual([sent]);
  });

  it('asks for a data URI or for downloads', async () => {
    await expect(contentsOf([user(image('https://example.com/a.png'))])).rejects.toMatchObject({
      kind: 'configuration',
      code: 'media_download_off',
      message: expect.stringMatching(/data URI.*media: \{ download: true \}/),
    });
  });

  it('loads other addresses once, where the client allows it', async () => {
    const asked: string[] = [];
    const media = async (url: string) => {
      asked.push(url);
      return { mimeType: 'image/gif', data: 'R0lG' };
    };
    const url = 'https://example.com/a.png';
    expect((await contentsOf([user(image(url), image(url))], { media }))[0]?.parts).toEqual([
      { inlineData: { mimeType: 'image/gif', data: 'R0lG' } },
      { inlineData: { mimeType: 'image/gif', data: 'R0lG' } },
    ]);
    expect(asked).toEqual([url]);
  });

  it.each(['data:text/plain,hello', 'ftp://x/y', '', 'unknown bytes'])('refuses %j', async (url) => {
    await expect(contentsOf([user(image(url))])).rejects.toMatchObject({
      code: 'invalid_media',
      param: 'messages[0].content[0]',
    });
  });
});

describe('tool calls and results', () => {
  it('looks the name up, restores the order of the calls, wraps what is no object', async () => {
    const contents = await contentsOf([
      { role: 'user', content: 'u' },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'first', arguments: '' } },
          { id: 'b', type: 'function', function: { name: 'second', arguments: '{"x":1}' } },
          { id: 'c', type: 'function', function: { name: 'third', arguments: 'not json' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c', content: '[1,2]' },
      { role: 'tool', tool_call_id: 'b', content: '{"error":"no"}' },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'sunny' }] },
      { role: 'user', content: 'thanks' },
    ]);
    expect(contents[1]?.parts).toEqual([
      { functionCall: { id: 'a', name: 'first', args: {} }, thoughtSignature: 'skip_thought_signature_validator' },
      { functionCall: { id: 'b', name: 'second', args: { x: 1 } } },
      { functionCall: { id: 'c', name: 'third', args: { arguments: 'not json' } } },
    ]);
    expect(contents[2]).toEqual({
      role: 'user',
      parts: [
        { functionResponse: { id: 'a', name: 'first', response: { output: 'sunny' } } },
        { functionResponse: { id: 'b', name: 'second', response: { error: 'no' } } },
        { functionResponse: { id: 'c', name: 'third', response: { output: [1, 2] } } },
        { text: 'thanks' },
      ],
    });
  });

  it('uses the nearest call when ids repeat', async () => {
    const contents = await contentsOf([
      called('call_0', 'old'),
      { role: 'tool', tool_call_id: 'call_0', content: '1' },
      called('call_0', 'new'),
      { role: 'tool', tool_call_id: 'call_0', content: '2' },
    ]);
    const names = contents.flatMap(({ parts }) => parts.flatMap(({ functionResponse }) => functionResponse ?? []));
    expect(names).toMatchObject([{ name: 'old' }, { name: 'new' }]);
  });

  it('refuses a result without a call', async () => {
    await expect(contentsOf([{ role: 'tool', tool_call_id: 'x', content: '1' }])).rejects.toMatchObject({
      kind: 'bad_request',
      param: 'messages[0].tool_call_id',
    });
  });

  it('leaves ids out where the service has none', async () => {
    const service = { ...developerAPI, functionCallIds: false };
    const contents = await contentsOf([called('a', 'f', 'S'), { role: 'tool', tool_call_id: 'a', content: '{}' }], { service });
    expect(contents.slice(1)).toEqual([
      { role: 'model', parts: [{ functionCall: { name: 'f', args: { city: 'Oslo' } }, thoughtSignature: 'S' }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] },
    ]);
  });

  it('puts media into the response from Gemini 3 on, beside it before', async () => {
    const result = {
      role: 'tool',
      tool_call_id: 'a',
      content: [
        { type: 'text', text: 'seen' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    } as unknown as ChatMessageParam;
    const inlineData = { mimeType: 'image/png', data: 'AAAA' };
    const functionResponse = { id: 'a', name: 'f', response: { output: 'seen' } };
    const of = async (model: string) => (await contentsOf([called('a', 'f'), result], { model }))[2]?.parts;
    expect(await of('gemini-3.6-flash')).toEqual([{ functionResponse: { ...functionResponse, parts: [{ inlineData }] } }]);
    expect(await of('gemini-2.5-flash')).toEqual([{ functionResponse }, { inlineData }]);
  });

  it('knows the older form', async () => {
    const contents = await contentsOf([
      { role: 'user', content: 'u' },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: '7' },
    ]);
    expect(contents[1]?.parts).toMatchObject([{ functionCall: { name: 'f', args: {} } }]);
    expect(contents[2]?.parts).toEqual([{ functionResponse: { name: 'f', response: { output: '7' } } }]);
  });
});

describe('thought signatures', () => {
  it('go back to the call that they came with', async () => {
    expect((await contentsOf([called('a', 'f', 'CiQB')]))[1]?.parts).toEqual([
      { functionCall: { id: 'a', name: 'f', args: { city: 'Oslo' } }, thoughtSignature: 'CiQB' },
    ]);
  });

  it.each([
    ['gemini-3.6-flash', true],
    ['gemini-flash-latest', true],
    ['models/gemini-4-hydrogen', true],
    ['gemini-2.5-pro', false],
    ['tunedModels/mine', false],
  ])('are stood in for on %s: %s', async (model, standIn) => {
    const [, turn] = await contentsOf([called('a', 'f')], { model });
    expect(turn?.parts[0]?.thoughtSignature).toBe(standIn ? 'skip_thought_signature_validator' : undefined);
  });

  it('of text go back to the text, even an empty one', async () => {
    const signed = (content: string) =>
      ({ role: 'assistant', content, extra_content: { google: { thought_signature: 'S' } } }) as ChatMessageParam;
    expect((await contentsOf([signed('hi')]))[1]?.parts).toEqual([{ text: 'hi', thoughtSignature: 'S' }]);
    expect((await contentsOf([signed('')]))[1]?.parts).toEqual([{ text: '', thoughtSignature: 'S' }]);
  });

  it("of other providers' thinking blocks stay at home", async () => {
    const message: ChatMessageParam = {
      role: 'assistant',
      content: 'hi',
      reasoning_content: 'hm',
      thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'anthropic' }],
    };
    expect((await contentsOf([message]))[1]?.parts).toEqual([{ text: 'hi' }]);
  });
});
