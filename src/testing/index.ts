/**
 * `holdfast/testing`: a server that speaks every provider's wire format, failures to order, and a clock that waits for you.
 *
 * @module
 */
export type { MockFailureName, MockReply, MockToolCall } from '../contract/mock.ts';
export type { MockBatchPlan } from '../contract/mock-batches.ts';
export type { Clock, Timer } from '../time/clock.ts';
export type { BatchScriptItem } from './batches.ts';
export { type FakeClock, fakeClock } from './fake-clock.ts';
export { type FailureOptions, type Fault, fault, type ReplyLike } from './fault.ts';
export type { RecordedRequest } from './journal.ts';
export { type MockServer, type MockServerOptions, startMockServer } from './mock-server.ts';
export { type Reply, type ReplyOptions, type ReplyToolCall, type ReplyUsage, reply } from './reply.ts';
export type { Answer, ScriptItem } from './script.ts';
