/** A small SSE reader as people write it by hand: decode each read, split at blank lines, parse what follows `data: `. */
export async function readTexts(body: AsyncIterable<Uint8Array>, onFirst?: () => void): Promise<number> {
  const decoder = new TextDecoder();
  let rest = '';
  let texts = 0;
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const event = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (!event.startsWith('data: ')) continue;
      const data = event.slice(6);
      if (data === '[DONE]') return texts;
      const chunk = JSON.parse(data) as { choices: [{ delta: { content?: string } }] };
      if (chunk.choices[0].delta.content && ++texts === 1) onFirst?.();
    }
  }
  return texts;
}
