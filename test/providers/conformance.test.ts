import { describe } from 'vitest';
import { answersConform } from '../support/conformance/answers.ts';
import type { Each } from '../support/conformance/bench.ts';
import { conformanceBench } from '../support/conformance/bench.ts';
import { brokenConform } from '../support/conformance/broken.ts';
import { failuresConform } from '../support/conformance/failures.ts';
import { otherOperationsConform } from '../support/conformance/other-operations.ts';
import { parametersConform } from '../support/conformance/parameters.ts';
import { toolsConform } from '../support/conformance/tools.ts';

// Every provider of the registry through the public client against the mock server. No provider is named:
// where they differ, what they declare is asked.
const each = conformanceBench();
/** Providers of vectors alone have no chat by which they could be tried. */
const ofChat: Each = (name, test, applies = () => true) =>
  each(name, test, (can) => can.operations.includes('chat') && applies(can));

describe('answers', () => answersConform(ofChat));
describe('tools', () => toolsConform(ofChat));
describe('parameters', () => parametersConform(ofChat));
describe('failures', () => failuresConform(ofChat));
describe('broken connections and bodies', () => brokenConform(ofChat));
describe('other operations', () => otherOperationsConform(each));
