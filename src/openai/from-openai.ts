import type { OpenAI } from 'openai';
import type { Call } from '../contract/call.ts';
import type { ProviderDefinition } from '../contract/provider.ts';
import type { Wire, WireMessage, WireRequest } from '../contract/wire.ts';
import { openaiCapabilities } from '../dialects/openai/capabilities.ts';
import { openaiFailures } from '../dialects/openai/failure.ts';
import { openaiOperations } from '../dialects/openai/openai-dialect.ts';
import type { Quirks } from '../dialects/openai/quirks.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { instanceTransport } from './instance-transport.ts';

export interface FromOpenAIOptions {
  /** Where the service behind the instance deviates from OpenAI itself. */
  readonly quirks?: Quirks | undefined;
}

const REQUEST_ID_HEADERS = ['x-request-id', 'apim-request-id', 'x-amzn-requestid'] as const;
const OWN_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'user-agent']);

/**
 * A provider that sends through an instance of the `openai` package that you built: `OpenAI`, `AzureOpenAI`,
 * `BedrockOpenAI` or a class of your own on top of them. The instance makes addresses, credentials and headers and sends
 * with its own `fetch`; retries, limits, streams and errors are this library's, so its `maxRetries` and `timeout` do not
 * apply. Chat, streams, text completions, embeddings and the list of models.
 *
 * @throws ConfigurationError when `instance` is none.
 *
 * @example
 * const instance = new AzureOpenAI({ endpoint, apiVersion, azureADTokenProvider });
 * const llm = createClient({ providers: { mine: fromOpenAI(instance) } });
 * await llm.chat.completions.create({ model: 'mine/my-deployment', messages });
 */
export function fromOpenAI(instance: OpenAI, options: FromOpenAIOptions = {}): ProviderDefinition {
  if (typeof instance?.request !== 'function' || typeof instance.baseURL !== 'string') {
    throw new ConfigurationError({
      message: 'fromOpenAI: expected an instance of the openai package, such as new OpenAI()',
      code: 'wrong_option',
      param: 'instance',
    });
  }
  const quirks = options.quirks ?? {};
  return {
    id: 'openai_instance',
    settings: { baseURL: instance.baseURL },
    declares: openaiCapabilities(quirks, { keys: [], keyless: true, needs: [], requestIdHeaders: REQUEST_ID_HEADERS }),
    create(context) {
      const line = context.connect({
        baseURL: instance.baseURL,
        failures: { ...openaiFailures, requestIdHeaders: REQUEST_ID_HEADERS },
        get secrets() {
          return [instance.apiKey ?? undefined];
        },
      });
      const wire = throughInstance(instance, line);
      return { id: context.id, wire, operations: openaiOperations(wire, quirks) };
    },
  };
}

/** The line with the instance in the place of the transport. Bodies stay objects: the instance reads the model in them. */
function throughInstance(instance: OpenAI, line: Wire): Wire {
  const transport = instanceTransport(instance);
  return {
    provider: line.provider,
    deadlines: line.deadlines,
    maxResponseBytes: line.maxResponseBytes,
    transport: () => transport,
    prepare(message: WireMessage, call: Call): WireRequest | Promise<WireRequest> {
      const { body: _, ...bodiless } = message;
      const prepared = line.prepare(bodiless, call);
      const seal = (request: WireRequest): WireRequest => {
        const sealed = { ...request, headers: callersHeaders(request.headers) };
        transport.remember(sealed, { message, timeoutMs: call.limits.attempt });
        return sealed;
      };
      return prepared instanceof Promise ? prepared.then(seal) : seal(prepared);
    },
    explain: (failure, call) => line.explain(failure, call),
    confidential: (call) => line.confidential(call),
    requestId: (headers) => line.requestId(headers),
  };
}

/** The instance has its own ideas of the headers that every request has. */
function callersHeaders(flat: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [name = '', value = ''] = [flat[i], flat[i + 1]];
    if (!OWN_HEADERS.has(name)) headers.push(name, value);
  }
  return headers;
}
