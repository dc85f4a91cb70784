import { globSync } from 'node:fs';
import { basename } from 'node:path';
import type { Options } from 'tsup';

// files of their own, so that a bundler can leave out those that a program does not use
const apart = [...globSync('src/middleware/*.ts'), 'src/middleware/fallback/pool.ts', 'src/client/model-facts.ts'];

const config: Options = {
  entry: {
    index: 'src/index.ts',
    undici: 'src/wire/undici-transport.ts',
    openai: 'src/openai/index.ts',
    batches: 'src/batches/index.ts',
    'batches-bullmq': 'src/batches/bullmq/index.ts',
    server: 'src/server/index.ts',
    testing: 'src/testing/index.ts',
    redis: 'src/redis/index.ts',
    cli: 'src/cli/holdfast.ts',
    'default-transport': 'src/wire/default-transport.ts',
    'default-transport.node': 'src/wire/default-transport.node.ts',
    'media-download': 'src/wire/media-download.ts',
    'media-download.node': 'src/wire/media-download.node.ts',
    ...Object.fromEntries(apart.map((file) => [`parts/${basename(file, '.ts')}`, file])),
  },
  format: ['esm', 'cjs'],
  // one copy of the error classes for all entries
  splitting: true,
  platform: 'neutral',
  target: 'node22',
  dts: {
    entry: {
      index: 'src/index.ts',
      undici: 'src/wire/undici-transport.ts',
      openai: 'src/openai/index.ts',
      batches: 'src/batches/index.ts',
      'batches-bullmq': 'src/batches/bullmq/index.ts',
      server: 'src/server/index.ts',
      testing: 'src/testing/index.ts',
      redis: 'src/redis/index.ts',
    },
  },
  noExternal: [
    'p-retry',
    'is-network-error',
    'opossum',
    'events',
    'zod',
    'tokenx',
    'aws4fetch',
    'multipasta',
    'yaml',
    /^@smithy\//,
    /^@aws-crypto\//,
    'tslib',
  ],
  external: [
    /^#/,
    /^node:/,
    'undici',
    /^openai/,
    /^gpt-tokenizer/,
    'google-auth-library',
    '@aws-sdk/credential-provider-node',
    'ioredis',
    'bullmq',
  ],
  removeNodeProtocol: false,
  esbuildOptions(options) {
    // what is bundled must run everywhere
    options.conditions = ['browser'];
  },
  plugins: [
    {
      // no file has side effects: an import that names nothing would only make bundlers keep what is loaded when it is needed
      name: 'no-bare-imports',
      renderChunk: (code, { path }) =>
        path.endsWith('.js') ? { code: code.replace(/^import "\.{1,2}\/[^"]+";\n/gm, '') } : undefined,
    },
  ],
  treeshake: false,
  clean: true,
};

export default config;
