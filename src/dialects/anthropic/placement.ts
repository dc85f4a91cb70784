import type { WireMessage } from '../../contract/wire.ts';

/** What a request carries beside its body. */
export interface RequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** Betas that this call asks for. */
  readonly betas: readonly string[];
  /** The API version that this call asks for. */
  readonly version: string | undefined;
}

/** Where a host of the dialect wants path, model, API version and betas: clouds move all four. */
export interface Placement {
  /** The API version where a call names none. */
  readonly version: string;
  /** `false`: schemas of answers and strict tools are not understood; a tool takes the answer. Default: what the model does. */
  readonly structuredOutput?: boolean | undefined;
  /** The address and the last changes to the body. */
  place(body: Readonly<Record<string, unknown>>, facts: RequestFacts): WireMessage;
}

/** Anthropic's own host and servers like it: `/v1/messages`, version and betas in headers. */
export interface HostedPlacement {
  /** Sent by the connection with every request. */
  readonly version: string;
  readonly betas: readonly string[];
}

/**
 * The placement of Anthropic's own API. The connection already sends the client's version and betas;
 * only a call that asks for others carries headers of its own.
 */
export function hosted({ version, betas }: HostedPlacement): Placement {
  return {
    version,
    place(body, facts) {
      const headers: Record<string, string> = {};
      if (facts.version !== undefined && facts.version !== version) headers['anthropic-version'] = facts.version;
      if (facts.betas.length > 0) headers['anthropic-beta'] = [...new Set([...betas, ...facts.betas])].join(',');
      return { path: '/v1/messages', body, ...(Object.keys(headers).length === 0 ? {} : { headers }) };
    },
  };
}
