import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** What runs a text as a program, or another program. */
const FORBIDDEN_MODULES = /^(?:node:)?(?:child_process|cluster|vm|worker_threads|repl|inspector|module)$/;
const FORBIDDEN_CALLS = new Set(['eval', 'Function', 'AsyncFunction', 'GeneratorFunction', 'importScripts', 'require']);

function findings(name: string): string[] {
  const file = ts.createSourceFile(name, readFileSync(join(ROOT, 'src', name), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const tell = (what: string): void => void found.push(`${name}: ${what}`);
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && FORBIDDEN_MODULES.test(node.text) && isImport(node.parent)) tell(node.text);
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const called = node.expression.getText();
      const first = node.arguments?.[0];
      const isText = first !== undefined && (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first));
      if (FORBIDDEN_CALLS.has(called)) tell(`${called}()`);
      if (called === 'import' && !(first !== undefined && ts.isStringLiteral(first))) tell('import() of a name that is made up');
      if (/^set(?:Timeout|Interval|Immediate)$/.test(called) && isText) tell('a timer of a text');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

const isImport = (node: ts.Node): boolean =>
  ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isCallExpression(node);

describe('the sources', () => {
  it('run no text as a program, and no other program', () => {
    expect(sources.length).toBeGreaterThan(500);
    expect(sources.flatMap(findings)).toEqual([]);
  });
});

describe('the package', () => {
  it('runs nothing when it is installed', () => {
    const names = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare', 'dependencies'];
    expect(names.filter((name) => name in manifest.scripts)).toEqual([]);
    expect(existsSync(join(ROOT, 'binding.gyp'))).toBe(false);
  });

  it('holds what it is made of, and no more', () => {
    expect(manifest.files).toEqual(['dist', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']);
  });

  it('has one dependency, pinned, and none of its own to bring along', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['undici']);
    const { version, dependencies = {}, hasInstallScript = false } = lock.packages['node_modules/undici'];
    expect(manifest.dependencies.undici).toBe(version);
    expect({ dependencies, hasInstallScript }).toEqual({ dependencies: {}, hasInstallScript: false });
  });

  it('is built with pinned tools, whose install scripts are listed', () => {
    const loose = Object.entries<string>(manifest.devDependencies).filter(
      ([, version]) => !/^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
    const scripted = Object.entries<{ hasInstallScript?: boolean; optional?: boolean }>(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect([...new Set(scripted)].filter((name) => !(name in manifest.allowScripts) && name !== 'fsevents')).toEqual([]);
  });

  it('comes from the registry, each part with its checksum', () => {
    const parts = Object.entries<{ resolved?: string; integrity?: string; link?: boolean }>(lock.packages).filter(
      ([path]) => path !== '',
    );
    const odd = parts.filter(
      ([, { resolved, integrity }]) => !integrity || (resolved !== undefined && !resolved.startsWith('https://')),
    );
    expect(odd.map(([path]) => path)).toEqual([]);
  });
});
