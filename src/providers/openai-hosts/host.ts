import type { Quirks } from '../../dialects/openai/quirks.ts';

/** OAuth's client credentials grant: where tokens come from, and the environment variables of `clientId` and `clientSecret`. */
export interface ClientCredentialsGrant {
  /** At the origin of the base URL. */
  readonly tokenPath: string;
  readonly scope: string;
  readonly envId: readonly string[];
  readonly envSecret: readonly string[];
}

/** All that tells one host of the OpenAI dialect from another. */
export interface Host {
  /** Where it answers; left out where every user has an address of their own. */
  readonly baseURL?: string;
  /** What the base URL of the host's own SDK leaves out; added to a given address that does not end in a version. */
  readonly sdkPath?: string;
  /** Where it usually answers, for the message that asks for an address. */
  readonly usualURL?: string;
  /** Environment variables with the base URL. */
  readonly envBase?: readonly string[];
  /** The base URL made of one setting (`{}` in `url`): Snowflake's account, Databricks' workspace. */
  readonly address?: { readonly setting: string; readonly env: readonly string[]; readonly url: string };
  /** Environment variables with the key, first set wins. */
  readonly envKeys: readonly string[];
  /** Without a key, the settings `clientId` and `clientSecret` get tokens. */
  readonly clientCredentials?: ClientCredentialsGrant;
  /** Works without a key too: a server of one's own. */
  readonly keyless?: true;
  /** The header with the key and what stands before it. Default `authorization: Bearer`. */
  readonly auth?: { readonly header: string; readonly scheme: string };
  /** Further headers, by the setting that fills them. */
  readonly settingHeaders?: Readonly<Record<string, { readonly header: string; readonly env?: readonly string[] }>>;
  /** Response headers with the host's id for a request, first found wins. Default `x-request-id`. */
  readonly requestIdHeaders?: readonly string[];
  /** The service is gone: what happened, and what to use instead. */
  readonly retired?: string;
  readonly quirks: Quirks;
}
