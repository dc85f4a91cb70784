import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const alias = [
  { find: /^#default-transport$/, replacement: source('wire/default-transport.node.ts') },
  { find: /^#media-download$/, replacement: source('wire/media-download.node.ts') },
  { find: /^holdfast\/undici$/, replacement: source('wire/undici-transport.ts') },
  { find: /^holdfast\/openai$/, replacement: source('openai/index.ts') },
  { find: /^holdfast\/batches$/, replacement: source('batches/index.ts') },
  { find: /^holdfast\/batches\/bullmq$/, replacement: source('batches/bullmq/index.ts') },
  { find: /^holdfast\/server$/, replacement: source('server/index.ts') },
  { find: /^holdfast\/redis$/, replacement: source('redis/index.ts') },
  { find: /^holdfast\/testing$/, replacement: source('testing/index.ts') },
  { find: /^holdfast$/, replacement: source('index.ts') },
];

const USES_THE_BUILD = ['test/package/**/*.test.ts'];

const config: ViteUserConfig = {
  test: {
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'lcovonly'] },
    projects: [
      {
        resolve: { alias },
        test: { name: 'source', include: ['test/**/*.test.ts'], exclude: USES_THE_BUILD, testTimeout: 20_000 },
      },
      {
        // what touches openai, against the lowest version of the peer range
        resolve: { alias: [...alias, { find: /^openai(?=\/|$)/, replacement: 'openai-lowest' }] },
        test: {
          name: 'lowest-openai',
          include: ['test/{errors,client,contract}/**/*.test.ts'],
          testTimeout: 20_000,
          server: { deps: { inline: [/openai-lowest/] } },
        },
      },
      {
        test: { name: 'package', include: USES_THE_BUILD, globalSetup: ['test/support/build-package.ts'], testTimeout: 60_000 },
      },
    ],
  },
};

export default config;
