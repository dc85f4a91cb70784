import { createClient } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { baseURLRows, baseURLTable } from '../../scripts/base-urls.ts';
import { readPage } from '../support/doc-blocks.ts';

/** `baseURL` as each provider's own SDK has it by default, read in those SDKs. */
const OF_THE_SDKS: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
  gemini: 'https://generativelanguage.googleapis.com',
  mistral: 'https://api.mistral.ai',
  cohere: 'https://api.cohere.com',
  groq: 'https://api.groq.com',
  cerebras: 'https://api.cerebras.ai',
  ollama: 'http://127.0.0.1:11434',
  together_ai: 'https://api.together.ai/v1',
  replicate: 'https://api.replicate.com/v1',
  cloudflare: 'https://api.cloudflare.com/client/v4',
  perplexity: 'https://api.perplexity.ai',
  openrouter: 'https://openrouter.ai/api/v1',
  voyage: 'https://api.voyageai.com/v1',
  watsonx: 'https://us-south.ml.cloud.ibm.com',
  bedrock: 'https://bedrock-runtime.us-east-1.amazonaws.com',
};

describe('what baseURL means', () => {
  it('is on one page, as the code has it', async () => {
    const [, table] = /<!-- base-urls:start -->\n([\s\S]*?)\n<!-- base-urls:end -->/.exec(readPage('docs/providers.md')) ?? [];
    expect(table, 'run "npm run readme"').toBe(await baseURLTable());
  });

  it('is what the SDKs mean', async () => {
    const rows = await baseURLRows();
    const ours = Object.fromEntries(rows.filter(({ id }) => id in OF_THE_SDKS).map(({ id, baseURL }) => [id, baseURL]));
    expect(ours).toEqual(OF_THE_SDKS);
  });

  it.each(['https://host.example', 'https://host.example/'])('does not mind a trailing slash: %s', async (baseURL) => {
    let asked = '';
    const llm = createClient({
      providers: { anthropic: { apiKey: 'k', baseURL } },
      fetch: async (input) => {
        asked = String(input);
        return new Response('{}', { status: 400 });
      },
    });
    await llm.chat.completions.create({ model: 'anthropic/m', messages: [{ role: 'user', content: 'hi' }] }).catch(() => {});
    expect(asked).toBe('https://host.example/v1/messages');
  });
});
