import { describe } from 'vitest';
import { answersConform } from '../support/conformance/answers.ts';
import { conformanceBench } from '../support/conformance/bench.ts';
import { brokenConform } from '../support/conformance/broken.ts';
import { failuresConform } from '../support/conformance/failures.ts';
import { otherOperationsConform } from '../support/conformance/other-operations.ts';
import { parametersConform } from '../support/conformance/parameters.ts';
import { toolsConform } from '../support/conformance/tools.ts';

// Every provider of the registry through the public client against the mock server. No provider is named:
// where they differ, what they declare is asked.
const each = conformanceBench();

describe('answers', () => answersConform(each));
describe('tools', () => toolsConform(each));
describe('parameters', () => parametersConform(each));
describe('failures', () => failuresConform(each));
describe('broken connections and bodies', () => brokenConform(each));
describe('other operations', () => otherOperationsConform(each));
