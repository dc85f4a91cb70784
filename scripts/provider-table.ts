import type { OperationName } from '../src/contract/call.ts';
import type { Capabilities } from '../src/contract/capabilities.ts';
import type { ProviderDefinition, ProviderSettings } from '../src/contract/provider.ts';
import type { Wire } from '../src/contract/wire.ts';
import { ALIASES, PROVIDERS } from '../src/providers/registry.ts';

const WIRE_FORMATS: Readonly<Record<string, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic Messages',
  gemini: 'Gemini',
  ollama: 'Ollama',
};

const OPERATIONS: readonly (readonly [heading: string, name: OperationName])[] = [
  ['chat', 'chat'],
  ['stream', 'stream'],
  ['text', 'complete'],
  ['vectors', 'embed'],
  ['models', 'models'],
];

interface Entry {
  readonly id: string;
  readonly can: Capabilities;
  readonly definition: ProviderDefinition;
}

/** The README's table of providers, as the registry has them, with other names and retired services below. */
export async function providerTable(): Promise<string> {
  const entries: Entry[] = [];
  for (const [id, load] of Object.entries(PROVIDERS)) {
    const definition = await load();
    if (definition.declares === undefined) throw new Error(`${id} does not declare what it can do`);
    entries.push({ id, can: definition.declares, definition });
  }
  const living = entries.filter(({ can }) => can.retired === undefined);
  const retired = entries.filter(({ can }) => can.retired !== undefined);
  const headings = ['id', 'where', 'wire format', 'key from', ...OPERATIONS.map(([heading]) => heading)];
  return [
    row(headings),
    row(headings.map((_, column) => (column < 4 ? '---' : ':-:'))),
    ...living.map((entry) =>
      row([`\`${entry.id}\``, address(entry), wireFormat(entry.can), keys(entry.can), ...marks(entry.can)]),
    ),
    '',
    `Other names: ${Object.entries(ALIASES)
      .map(([alias, id]) => `\`${alias}\` is \`${id}\``)
      .join(', ')}.`,
    '',
    'Retired, and refused with what to use instead unless you give a `baseURL`:',
    '',
    ...retired.map(({ id, can }) => `- \`${id}\`: ${can.retired}`),
  ].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
const marks = (can: Capabilities): string[] => OPERATIONS.map(([, name]) => (can.operations.includes(name) ? '✓' : ''));
const wireFormat = ({ dialect }: Capabilities): string => WIRE_FORMATS[dialect] ?? dialect;

function keys({ keys, keyless }: Capabilities): string {
  if (keys.length === 0) return keyless ? 'settings, if it wants one' : 'settings';
  return keyless ? `${code(keys)}, if it wants one` : code(keys);
}

/** The host that a provider connects to when nothing but what it needs is given. */
function address({ id, can, definition }: Entry): string {
  if (can.needs.length > 0) return `your ${code(can.needs)}`;
  let host = '';
  const settings: ProviderSettings = { apiKey: 'key' };
  definition.create({
    id,
    settings,
    env: () => undefined,
    connect({ baseURL }) {
      ({ host } = new URL(baseURL));
      return UNUSED;
    },
  });
  return host;
}

/** Nothing is sent while a table is made. */
const UNUSED = {} as Wire;
