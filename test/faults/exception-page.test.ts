import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exceptionPage } from '../../scripts/exception-page.ts';

it('docs/exception-mapping.md says what the tests play; `npm run readme` writes it anew', () => {
  expect(readFileSync(new URL('../../docs/exception-mapping.md', import.meta.url), 'utf8')).toBe(exceptionPage());
});
