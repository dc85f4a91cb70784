/** What an answer says, in nobody's wire format: what two clients must agree on. */
export interface Account {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string | undefined; readonly name: string | undefined; readonly arguments: unknown }[];
  readonly finish: string | null | undefined;
  readonly usage: {
    readonly prompt: number | undefined;
    readonly completion: number | undefined;
    readonly cached: number;
    readonly reasoning: number;
  };
}

/** An official client, asked for a whole and for a streamed answer. */
export interface Official {
  whole(): Promise<Account>;
  streamed(): Promise<Account>;
}
