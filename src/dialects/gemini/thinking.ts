import type { ChatRequest } from '../../contract/chat.ts';
import type { ModelFamily } from './model-family.ts';

type Effort = NonNullable<ChatRequest['reasoning_effort']>;

/** A number is a `thinkingBudget` in tokens, a word a `thinkingLevel`. */
type Efforts = Readonly<Record<Effort, number | string>>;

interface ThinkingRow {
  readonly names: RegExp;
  readonly from: number;
  readonly until: number;
  /** `undefined`: the models do not think. */
  readonly efforts: Efforts | undefined;
}

const FLASH_BUDGETS: Efforts = { none: 0, minimal: 512, low: 1024, medium: 8192, high: 24576, xhigh: 24576, max: 24576 };
const PRO_BUDGETS: Efforts = { none: 128, minimal: 128, low: 1024, medium: 8192, high: 32768, xhigh: 32768, max: 32768 };
const PRO_LEVELS: Efforts = {
  none: 'LOW',
  minimal: 'LOW',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};
const FLASH_LEVELS: Efforts = { ...PRO_LEVELS, none: 'MINIMAL', minimal: 'MINIMAL' };
const HYDROGEN_LEVELS: Efforts = { ...PRO_LEVELS, xhigh: 'xhigh', max: 'xhigh' };

/** The first row that fits holds. `from` is inclusive, `until` exclusive (NaN: no end), both as in {@link ModelFamily.generation}. */
const ROWS: readonly ThinkingRow[] = [
  { names: /^gemini-4-hydrogen/, from: 400, until: 500, efforts: HYDROGEN_LEVELS },
  { names: /flash-lite/, from: 300, until: Number.NaN, efforts: FLASH_LEVELS },
  { names: /flash/, from: 300, until: 307, efforts: FLASH_LEVELS },
  { names: /image|tts|native-audio/, from: 0, until: 300, efforts: undefined },
  { names: /flash/, from: 205, until: 300, efforts: FLASH_BUDGETS },
  { names: /pro/, from: 205, until: 300, efforts: PRO_BUDGETS },
  { names: /./, from: 0, until: 300, efforts: undefined },
];

export interface ThinkingConfig {
  includeThoughts?: boolean;
  thinkingBudget?: number;
  thinkingLevel?: string;
}

/** `reasoning_effort` in the words of a model family; `undefined` where its models do not think. */
export function thinkingConfigOf(effort: Effort, family: ModelFamily): ThinkingConfig | undefined {
  const value = effortsOf(family)?.[effort];
  if (value === undefined) return undefined;
  const depth = typeof value === 'number' ? { thinkingBudget: value } : { thinkingLevel: value };
  return effort === 'none' ? depth : { includeThoughts: true, ...depth };
}

function effortsOf({ name, generation, gemma }: ModelFamily): Efforts | undefined {
  if (gemma) return undefined;
  const row = ROWS.find(({ names, from, until }) => generation >= from && !(generation >= until) && names.test(name));
  // newer than the table, or of unknown age: the three levels that every thinking model from 3 on has
  return row === undefined ? PRO_LEVELS : row.efforts;
}
