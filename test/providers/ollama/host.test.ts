import { describe, expect, it } from 'vitest';
import { parseHost } from '../../../src/providers/ollama/host.ts';

describe('parseHost', () => {
  it.each([
    ['example.org', 'http://example.org:11434'],
    ['example.org:8080', 'http://example.org:8080'],
    ['example.org:80', 'http://example.org'],
    [':8080', 'http://127.0.0.1:8080'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:4000', 'http://127.0.0.1:4000'],
    ['http://0.0.0.0:4000', 'http://127.0.0.1:4000'],
    ['::', 'http://[::1]:11434'],
    ['::1', 'http://[::1]:11434'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['http://example.org', 'http://example.org'],
    ['https://ollama.com', 'https://ollama.com'],
    ['https://ollama.com/api/', 'https://ollama.com'],
    ['http://localhost:11434/v1', 'http://localhost:11434'],
    ['https://example.org:8443/models/', 'https://example.org:8443/models'],
    ['example.org/models', 'http://example.org:11434/models'],
    [' "example.org" ', 'http://example.org:11434'],
  ])('%s is %s', (given, expected) => {
    expect(parseHost(given, 'OLLAMA_HOST')).toBe(expected);
  });

  it.each(['ftp://example.org', 'http://', 'exa mple', 'example.org:port'])('refuses %s', (given) => {
    expect(() => parseHost(given, 'OLLAMA_HOST')).toThrow(
      expect.objectContaining({ kind: 'configuration', param: 'OLLAMA_HOST', message: expect.not.stringContaining(given) }),
    );
  });
});
