// For child processes that run the sources: `node --import ./test/support/source-entries.ts src/cli/holdfast.ts`.
import { registerHooks } from 'node:module';

const SOURCES: Readonly<Record<string, string>> = {
  holdfast: '../../src/index.ts',
  'holdfast/batches/bullmq': '../../src/batches/bullmq/index.ts',
  'holdfast/batches': '../../src/batches/index.ts',
  'holdfast/redis': '../../src/redis/index.ts',
  'holdfast/server': '../../src/server/index.ts',
  'holdfast/testing': '../../src/testing/index.ts',
  'holdfast/undici': '../../src/wire/undici-transport.ts',
  '#default-transport': '../../src/wire/default-transport.node.ts',
};

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES[specifier];
    return next(source === undefined ? specifier : new URL(source, import.meta.url).href, context);
  },
});
