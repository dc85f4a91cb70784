import { createClient } from '../src/client/create-client.ts';
import { PROVIDERS } from '../src/providers/registry.ts';

type Settings = Readonly<Record<string, string>>;

/** Whatever a provider cannot send a chat call without, beside its address. */
const CREDENTIALS: Settings = {
  apiKey: 'key',
  token: 'token',
  accessToken: 'token',
  accessKeyId: 'AKIA',
  secretAccessKey: 'secret',
  project: 'PROJECT',
  location: 'us-central1',
  projectId: 'PROJECT',
  accountId: 'ACCOUNT',
  region: 'us-east-1',
  dialect: 'openai',
};

/** Which of them a provider takes; the others would be refused or mean something else. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  bedrock: ['apiKey', 'region'],
  cloudflare: ['apiKey', 'accountId'],
  sagemaker: ['region', 'accessKeyId', 'secretAccessKey', 'dialect'],
  vertex_ai: ['project', 'location', 'accessToken'],
  watsonx: ['token', 'projectId'],
};

/** The usual address of those who have none that all users share, as their own SDK or documentation writes it. */
const EXAMPLES: Readonly<Record<string, string>> = {
  aleph_alpha: 'https://HOST',
  azure: 'https://RESOURCE.openai.azure.com/openai/v1',
  custom_openai: 'https://HOST/v1',
  databricks: 'https://WORKSPACE/serving-endpoints',
  litellm_proxy: 'http://localhost:4000',
  llamacpp: 'http://127.0.0.1:8080/v1',
  lm_studio: 'http://127.0.0.1:1234/v1',
  openai_compatible: 'https://HOST/v1',
  snowflake: 'https://ACCOUNT.snowflakecomputing.com/api/v2/cortex/v1',
  vllm: 'http://localhost:8000/v1',
};

/** Providers of vectors have no chat. */
const VECTORS: ReadonlySet<string> = new Set(['voyage', 'jina_ai']);
const GONE: ReadonlySet<string> = new Set(['palm', 'github', 'lambda_ai', 'anyscale']);
const PROBE = 'https://probe.example';

/** One row of the page: what `baseURL` means to a provider, found out by asking where requests go. */
export interface BaseURLRow {
  readonly id: string;
  /** Where it is unless given; an example where every user has an address of their own. */
  readonly baseURL: string;
  readonly own: boolean;
  /** What is appended for a chat call. */
  readonly path: string;
  /** The same address is understood with `/v1` behind it, or without. */
  readonly either: boolean;
  readonly addressFrom: readonly string[];
  readonly keyFrom: readonly string[];
}

export async function baseURLRows(): Promise<BaseURLRow[]> {
  const rows: BaseURLRow[] = [];
  // one by one: the environment is changed for some of the questions
  for (const id of Object.keys(PROVIDERS).sort()) if (!GONE.has(id)) rows.push(await rowOf(id));
  return rows;
}

/** The table of `docs/providers.md`. */
export async function baseURLTable(): Promise<string> {
  const headings = ['id', '`baseURL`', 'a call then goes to', 'address from', 'key from'];
  const rows = (await baseURLRows()).map((row) => [
    `\`${row.id}\``,
    `${row.own ? 'yours, such as ' : ''}\`${row.baseURL}\`${row.either ? ', or with `/v1`' : ''}`,
    `\`…${row.path}\``,
    names(row.addressFrom),
    names(row.keyFrom),
  ]);
  return [headings, headings.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const names = (all: readonly string[]): string => all.map((name) => `\`${name}\``).join(', ');

async function rowOf(id: string): Promise<BaseURLRow> {
  const example = EXAMPLES[id];
  const bare = await requested(id, { baseURL: example ?? PROBE });
  const path = bare.slice((example ?? PROBE).length);
  const whole = example === undefined ? await requested(id, {}) : bare;
  const baseURL = example ?? whole.slice(0, whole.length - path.length);
  const other = /\/v1$/.test(baseURL) ? baseURL.slice(0, -3) : `${baseURL}/v1`;
  const definition = await PROVIDERS[id]?.();
  return {
    id,
    baseURL,
    own: example !== undefined,
    path,
    either: (await requested(id, { baseURL: other })) === whole,
    addressFrom: await addressVariables(id),
    keyFrom: definition?.declares?.keys ?? [],
  };
}

/** Where the first request of a call goes. */
async function requested(id: string, settings: Settings): Promise<string> {
  const own = (OWN[id] ?? ['apiKey']).map((name) => [name, CREDENTIALS[name]]);
  let first = '';
  const llm = createClient({
    providers: { [id]: { ...Object.fromEntries(own), ...settings } },
    use: [],
    fetch: async (input) => {
      first ||= String(input);
      throw new TypeError('nothing is sent');
    },
  });
  const call = VECTORS.has(id)
    ? llm.embeddings.create({ model: `${id}/MODEL`, input: 'hi' })
    : llm.chat.completions.create({ model: `${id}/MODEL`, messages: [{ role: 'user', content: 'hi' }] });
  await call.catch(() => {});
  await llm.close();
  return first;
}

/** Environment variables that a provider reads and whose value its requests then go to. */
async function addressVariables(id: string): Promise<string[]> {
  const read = new Set<string>();
  const definition = await PROVIDERS[id]?.();
  const settings = Object.fromEntries((OWN[id] ?? ['apiKey']).map((name) => [name, CREDENTIALS[name]]));
  const env = (name: string): undefined => {
    read.add(name);
  };
  try {
    definition?.create({ id, settings, env, connect: () => ({}) as never });
  } catch {
    // an address is missing: all variables that could hold it were read
  }
  const found: string[] = [];
  for (const name of read) {
    const before = process.env[name];
    process.env[name] = PROBE;
    if ((await requested(id, {})).startsWith(`${PROBE}/`)) found.push(name);
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
  return found;
}
