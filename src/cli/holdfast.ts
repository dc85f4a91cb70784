#!/usr/bin/env node
import manifest from 'holdfast/package.json' with { type: 'json' };
import { mockCommand } from './mock-command.ts';
import { serveCommand } from './serve-command.ts';

/** Runs with what follows the command's name; resolves with the exit code. */
type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { mock: mockCommand, serve: serveCommand };

const HELP = `Usage: holdfast <command> [options]

Commands:
  mock       Serve every provider's wire format on one local port
  serve      Serve an OpenAI-compatible endpoint for every provider

Options:
  --help     Show this help, or a command's: holdfast mock --help
  --version  Show the version
`;

async function run([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${manifest.version}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(rest);
  process.stderr.write(`holdfast: unknown command "${name}". Commands: ${Object.keys(COMMANDS).join(', ')}\n`);
  return 2;
}

run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`holdfast: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
