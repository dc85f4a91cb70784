import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^#default-transport$/, replacement: source('wire/default-transport.node.ts') },
      { find: /^holdfast\/undici$/, replacement: source('wire/undici-transport.ts') },
      { find: /^holdfast\/testing$/, replacement: source('testing/index.ts') },
      { find: /^holdfast$/, replacement: source('index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'lcovonly'] },
  },
});
