import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import { parseBaseURL } from '../../src/wire/base-url.ts';

describe('parseBaseURL', () => {
  it.each([
    ['https://api.openai.com/v1', 'https://api.openai.com', '/v1'],
    ['https://api.openai.com/v1///', 'https://api.openai.com', '/v1'],
    [' http://localhost:11434 ', 'http://localhost:11434', ''],
    ['http://[::1]:8080/', 'http://[::1]:8080', ''],
    ['HTTPS://Example.com:443/a b', 'https://example.com', '/a%20b'],
  ])('%s', (value, origin, path) => {
    expect(parseBaseURL(value, 'baseURL')).toEqual({ origin, path });
  });

  it.each([
    [undefined, 'is not a URL'],
    ['', 'is not a URL'],
    ['api.openai.com/v1', 'lacks "https://"'],
    ['localhost:11434', 'lacks "https://"'],
    ['https://', 'is not a valid URL'],
    ['ftp://example.com', 'neither'],
    ['https://example.com/v1?key=secret', 'has a query'],
    ['https://example.com/v1?', 'has a query'],
    ['https://example.com/#a', 'has a fragment'],
    ['https://user:secret@example.com', 'user name or password'],
  ])('refuses %s', (value, what) => {
    const read = (): unknown => parseBaseURL(value, 'providers.openai.baseURL');
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(what);
    expect(read).toThrow('providers.openai.baseURL');
    expect(read).not.toThrow('secret');
  });
});
