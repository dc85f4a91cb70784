/** Writes `docs/exception-mapping.md`. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exceptionPage } from './exception-page.ts';

writeFileSync(resolve(import.meta.dirname, '../docs/exception-mapping.md'), exceptionPage());
