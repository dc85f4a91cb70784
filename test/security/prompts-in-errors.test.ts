import { describe, expect, it } from 'vitest';
import { client, failureOf, refusal, service, shown, user } from './service.ts';

const SECRET = 'the treasure lies under the old oak in Kilmarnock';
const RUSSIAN = 'Сокровище лежит под старым дубом за рекой';

const escaped = (text: string, backslashes = 1): string =>
  text.replace(/[^ -~]/g, (sign) => `${'\\'.repeat(backslashes)}u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

async function toldOf(message: string, messages: readonly object[]): Promise<{ readonly message: string; readonly all: string }> {
  const baseURL = await service((_request, response) => refusal(response, 400, message));
  const llm = client({ providers: { openai: { apiKey: 'k', baseURL } } });
  const error = await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: messages as never }));
  return { message: error.reason, all: shown(error) };
}

const FILLER = Array.from({ length: 20_000 }, (_, at) => `word${at}`).join(' ');
const PICTURE = { type: 'image_url', image_url: { url: `data:image/png;base64,${'iVBORw0KGgo'.repeat(20_000)}` } };

describe('a prompt is not echoed', () => {
  it.each([
    ['after 170 000 characters of it', user(`${FILLER} ${SECRET}`)],
    ['after a long history', [...user(FILLER), { role: 'assistant', content: FILLER }, ...user(SECRET)]],
    ['after a picture', [{ role: 'user', content: [PICTURE, { type: 'text', text: SECRET }] }]],
    ['after a long word', user(`${'x'.repeat(100_000)} ${SECRET}`)],
  ])('%s', async (_, messages) => {
    expect(await toldOf(`cannot handle: ${SECRET}`, messages)).toMatchObject({
      message: expect.stringMatching(/^cannot handle: ?\[…\]$/),
    });
  });

  it.each([1, 2, 4])('with its letters as escapes behind %i backslashes', async (backslashes) => {
    const { message, all } = await toldOf(`bad input (${escaped(RUSSIAN, backslashes)})`, user(RUSSIAN));
    expect(message).toBe('bad input ([…])');
    expect(all).not.toContain(escaped(RUSSIAN));
  });

  it('the beginning of a picture is none of the message', async () => {
    const { message } = await toldOf(`Invalid image: ${PICTURE.image_url.url.slice(0, 120)}`, [
      { role: 'user', content: [PICTURE] },
    ]);
    expect(message).toBe('Invalid image: […]');
  });
});

describe('what a service says cannot command a terminal', () => {
  it.each(['\u001b[2J\u001b[31mred', 'a\u0007b\u0008c', 'x\u009b31m', '\\u001b[2J'])('%j', async (words) => {
    const { message, all } = await toldOf(`crash: ${words}`, user('Hi'));
    expect(message).toMatch(/^crash:/);
    expect(message).not.toMatch(/[^\P{Cc}\n]/u);
    expect(all).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('half of a character is none', async () => {
    expect((await toldOf('crash: \\ud83d\\ude00 \\ud800!', user('Hi'))).message).toBe('crash: 😀 \ufffd!');
  });
});
