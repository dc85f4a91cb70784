import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { MockServer } from 'holdfast/testing';

export const ROOT: string = resolve(import.meta.dirname, '../..');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a TypeScript program with this Node, its output in a pipe, without the keys of whoever runs the tests. */
export function runProgram(file: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [file], { cwd: ROOT, env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, stdout, stderr }));
  });
}

/** Keys, and the addresses of a mock server, as programs read them from the environment. */
export function mockEnvironment(mock: MockServer): Record<string, string> {
  return {
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: mock.baseURL('openai'),
    ANTHROPIC_API_KEY: 'test',
    ANTHROPIC_BASE_URL: mock.baseURL('anthropic'),
    GEMINI_API_KEY: 'test',
    GOOGLE_GEMINI_BASE_URL: mock.baseURL('gemini'),
    OLLAMA_HOST: mock.baseURL('ollama'),
    OWN_LLM_KEY: 'test',
    OWN_LLM_URL: mock.baseURL('cluster'),
  };
}
