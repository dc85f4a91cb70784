/** The contestants, in the order of every table: file, the function of it that makes the client, and its name in tables. */
export interface Contestant {
  readonly id: string;
  readonly file: string;
  readonly make: string;
  readonly title: string;
}

export const ROSTER: readonly Contestant[] = [
  { id: 'holdfast', file: 'holdfast', make: 'make', title: 'Holdfast, chain of two' },
  { id: 'holdfast-alone', file: 'holdfast', make: 'makeAlone', title: 'Holdfast, one provider' },
  { id: 'openai', file: 'openai', make: 'make', title: '`openai`' },
  { id: 'ai', file: 'ai', make: 'make', title: '`ai`' },
  { id: 'langchain', file: 'langchain', make: 'make', title: '`@langchain/openai`' },
];
