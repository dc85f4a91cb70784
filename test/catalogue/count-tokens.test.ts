import { createHash } from 'node:crypto';
import { countTokens as countExactly } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';

const catalogue = createCatalogue();

const gpt = { provider: 'openai', model: 'gpt-5' };
const claude = { provider: 'anthropic', model: 'claude-sonnet-4-5' };
const gemini = { provider: 'gemini', model: 'gemini-2.5-pro' };
const said = (content: unknown): object => ({ messages: [{ role: 'user', content }] });
const AROUND = 7;

const TEXTS = {
  english: 'The storm came in over the harbour before anyone had finished tying up the boats. '.repeat(20),
  code: 'export const compose = (layers: readonly Middleware[], innermost: Next): Next =>\n  layers.reduceRight((next) => next, innermost);\n'.repeat(
    10,
  ),
  json: JSON.stringify({ attempts: [{ provider: 'openai', durationMs: 1234, outcome: 'success' }] }).repeat(10),
  chinese: '我们在这里测试一个很长的中文文本,看看它的速度。今天天气很好,适合出去散步。'.repeat(10),
  russian: 'Погода сегодня прекрасная, и мы пойдём гулять вдоль старой гавани. '.repeat(10),
  arabic: 'هذا نص عربي طويل لاختبار عداد الرموز في النماذج اللغوية. '.repeat(10),
  hindi: 'यह एक लंबा हिंदी पाठ है जिसे हम टोकन की गिनती जाँचने के लिए उपयोग करते हैं। '.repeat(10),
  thai: 'นี่คือข้อความภาษาไทยยาวๆ ที่เราใช้ทดสอบการนับโทเค็น '.repeat(10),
  base64: Buffer.concat(Array.from({ length: 30 }, (_, i) => createHash('sha256').update(`${i}`).digest())).toString('base64'),
};

describe('tokens of a prompt', () => {
  it.each(Object.entries(TEXTS))('%s: exact for OpenAI, near without the vocabulary', async (_, text) => {
    const exact = countExactly(text);
    expect(await catalogue.countTokens(gpt, said(text))).toBe(exact + AROUND);
    const estimate = catalogue.estimateTokens(gpt, said(text)) - AROUND;
    expect(estimate / exact).toBeGreaterThan(0.85);
    expect(estimate / exact).toBeLessThan(1.3);
  });

  it('older models have their own vocabulary', async () => {
    const old = await catalogue.countTokens({ provider: 'openai', model: 'gpt-4' }, said(TEXTS.hindi));
    expect(old).toBeGreaterThan(2 * (await catalogue.countTokens({ provider: 'azure', model: 'gpt-4o' }, said(TEXTS.hindi))));
  });

  it('other families need more of them, the newer Claudes most', async () => {
    const counts = await Promise.all(
      [
        gpt,
        claude,
        { provider: 'bedrock', model: 'us.anthropic.claude-opus-4-8-v1' },
        { provider: 'anthropic', model: 'claude-opus-5' },
      ].map((target) => catalogue.countTokens(target, said(TEXTS.english))),
    );
    const [openai = 0, older = 0, newer = 0, newest = 0] = counts;
    expect(older).toBeGreaterThan(openai);
    expect(newer).toBeGreaterThan(older * 1.2);
    expect(newest).toBe(newer);
  });

  it('of everything that a chat request may carry', async () => {
    const base = { messages: [{ role: 'user', content: 'Hi' }] };
    const count = (request: object): number => catalogue.estimateTokens(gpt, request);
    const tools = [
      {
        type: 'function',
        function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ];
    const turn = {
      role: 'assistant',
      content: null,
      reasoning_content: 'The user wants the weather of Oslo.',
      tool_calls: [{ id: '1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }],
    };
    for (const more of [
      { ...base, tools },
      { ...base, response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } } },
      { messages: [...base.messages, turn] },
      { messages: [...base.messages, { role: 'tool', tool_call_id: '1', content: 'It rains.' }] },
      { messages: [{ role: 'user', name: 'ada', content: 'Hi' }] },
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Hi' },
              { type: 'text', text: 'there' },
            ],
          },
        ],
      },
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Hi' },
              { type: 'file', file: { file_id: 'f' } },
            ],
          },
        ],
      },
      { messages: [{ role: 'assistant', content: 'Hi', thinking_blocks: [{ type: 'thinking', thinking: 'A greeting.' }] }] },
    ]) {
      expect(count(more), JSON.stringify(more)).toBeGreaterThan(count(base));
    }
    expect(catalogue.estimateTokens(claude, { ...base, tools })).toBeGreaterThan(count({ ...base, tools }) + 300);
  });

  it('of embeddings, completions and reranking', () => {
    const count = (request: object): number => catalogue.estimateTokens(gpt, request);
    expect(count({ input: 'one two three' })).toBe(3);
    expect(count({ input: ['one two three', 'four'] })).toBe(4);
    expect(count({ input: [1, 2, 3, 4, 5] })).toBe(5);
    expect(count({ input: [[1, 2], [3]] })).toBe(3);
    expect(count({ prompt: 'one two three' })).toBe(3);
    expect(count({ query: 'one', documents: ['two three', { text: 'four' }] })).toBe(4);
  });

  it('what an ended stream has written', () => {
    const written = {
      content: 'one two three',
      reasoning_content: 'four',
      tool_calls: [{ id: '', name: 'five', arguments: '' }],
      chunks: 3,
    };
    expect(catalogue.bill(gpt, { prompt: 'one two' }, undefined, written)).toEqual({
      usage: { prompt_tokens: 2, completion_tokens: 5, total_tokens: 7 },
      costUSD: (2 * 1.25 + 5 * 10) / 1_000_000,
      estimated: true,
    });
    expect(catalogue.bill(gpt, { prompt: 'one two' }, undefined, null)).toMatchObject({ usage: { completion_tokens: 0 } });
    expect(catalogue.bill(gpt, { prompt: 'one two' }, undefined)).toEqual({});
  });
});

/** The first bytes of images of 2000 × 1000 pixels. */
const IMAGES = {
  png: '89504e470d0a1a0a0000000d49484452000007d0000003e8',
  gif: '474946383961d007e803000000',
  'JPEG behind a thumbnail': 'ffd8ffe000104a46494600010100000100010000ffc0001108' + '03e8' + '07d0' + '03012200021101031101',
  'WebP VP8': '524946460000000057454250565038200000000000000000009d' + 'd007' + 'e803' + '0000',
  'WebP VP8X': '5249464600000000574542505650385800000000000000' + '00' + 'cf0700' + 'e70300' + '00',
};
const uri = (hex: string): string =>
  `data:image/any;base64,${btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))))}`;

describe('tokens of media', () => {
  const tokensOf = (target: { provider: string; model: string }, part: object): number =>
    catalogue.estimateTokens(target, said([part])) - AROUND;
  const image = (url: string, detail?: string) => ({ type: 'image_url', image_url: { url, detail } });

  it.each(Object.entries(IMAGES))('the size of a %s is read from its bytes', (_, hex) => {
    expect(tokensOf(claude, image(uri(hex)))).toBe(Math.ceil(Math.min(1600, (1568 * 784) / 750)));
    expect(tokensOf(gemini, image(uri(hex)))).toBe(3 * 2 * 258);
  });

  it('each maker has a rule', () => {
    const url = uri(IMAGES.png);
    // 2000 × 1000 becomes 1536 × 768: six tiles
    expect(tokensOf({ provider: 'openai', model: 'gpt-4o' }, image(url))).toBe(85 + 6 * 170);
    expect(tokensOf({ provider: 'openai', model: 'gpt-4o' }, image(url, 'low'))).toBe(85);
    expect(tokensOf({ provider: 'openai', model: 'gpt-5' }, image(url))).toBe(70 + 6 * 140);
    expect(tokensOf({ provider: 'openai', model: 'gpt-4.1-mini' }, image(url))).toBe(Math.ceil(1536 * 1.62));
    expect(tokensOf({ provider: 'anthropic', model: 'claude-opus-5' }, image(url))).toBe(Math.ceil(2_000_000 / 750));
    expect(tokensOf({ provider: 'gemini', model: 'gemini-3-pro' }, image(url))).toBe(1120);
  });

  it.each([
    'https://example.com/a.png',
    'data:image/png;base64,',
    'data:image/png;base64,!!!!',
    uri('ffd8ffe0'),
    uri('52494646'),
  ])('an image without a size counts as one of 1024 × 1024: %s', (url) => {
    expect(tokensOf(claude, image(url))).toBe(Math.ceil((1024 * 1024) / 750));
  });

  it('audio by its length, documents by their size', () => {
    const second = 'A'.repeat(Math.ceil(16_000 / 0.75));
    expect(tokensOf(gemini, { type: 'input_audio', input_audio: { data: second, format: 'mp3' } })).toBe(33);
    expect(tokensOf(gpt, { type: 'input_audio', input_audio: { data: second, format: 'mp3' } })).toBe(11);
    const pages = `data:application/pdf;base64,${'A'.repeat(130_000)}`;
    expect(tokensOf(gemini, { type: 'file', file: { file_data: pages } })).toBe(2 * 560);
    expect(tokensOf(gpt, { type: 'file', file: { file_data: `data:text/plain;base64,${'A'.repeat(5307)}` } })).toBe(1000);
  });
});

describe('counting never fails and never holds up', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each([
    ['nothing', {}],
    ['a circular schema', { messages: [], tools: [circular] }],
    ['a big number', { messages: [{ role: 'user', content: 10n }], tools: [{ n: 1n }] }],
    [
      'messages that are none',
      { messages: [null, 1, 'x', [], { content: [null, 1, { image_url: 3 }, { file: [] }, { input_audio: {} }] }] },
    ],
    [
      'calls that are none',
      { messages: [{ tool_calls: [null, { function: 3 }], function_call: 'x', thinking_blocks: [null, 3] }] },
    ],
    ['words of the control language', said('<|endoftext|><|im_start|>')],
  ])('%s', async (_, request) => {
    expect(catalogue.estimateTokens(gpt, request)).toBeGreaterThanOrEqual(0);
    expect(await catalogue.countTokens(gpt, request)).toBeGreaterThanOrEqual(0);
  });

  it('a megabyte is counted by samples, within a few in a hundred', async () => {
    const text = Object.values(TEXTS).join('\n').repeat(140);
    expect(text.length).toBeGreaterThan(1_000_000);
    const exact = countExactly(text);
    expect((await catalogue.countTokens(gpt, said(text))) / exact).toBeCloseTo(1, 1);
    const spread = { messages: Array.from({ length: 5000 }, () => ({ role: 'user', content: TEXTS.english.slice(0, 250) })) };
    const each = countExactly(TEXTS.english.slice(0, 250)) + 4;
    expect((await catalogue.countTokens(gpt, spread)) / (each * 5000)).toBeCloseTo(1, 1);
  });

  it('a word without end does not cost the square of its length', async () => {
    // uncut, the vocabulary takes five seconds for the first of these
    for (const run of ['a', '-', ' ', '字']) {
      const count = await catalogue.countTokens(gpt, said(run.repeat(100_000)));
      expect(count).toBeGreaterThan(100);
      expect(count).toBeLessThanOrEqual(110_000);
    }
  });
});
