import { fault, reply, startMockServer } from 'holdfast/testing';

/** A provider in a process of its own: one request in twenty fails, each in one of five ways. Prints its base URL. */
const FAULTS = [
  fault.unavailable(),
  fault.rateLimit({ retryAfterSeconds: 1 }),
  fault.resetBeforeHeaders(),
  fault.status(500),
  fault.contextWindow(),
];
let asked = 0;

const mock = await startMockServer({
  keepRequests: 1,
  answer: () => {
    const faulty = ++asked % 20 === 0;
    return (faulty ? FAULTS[(asked / 20) % FAULTS.length] : undefined) ?? reply({ text: 'An answer of some words.', delayMs: 5 });
  },
});
process.stdout.write(`${mock.baseURL('openai')}\n`);
process.on('message', () => process.send?.({ asked }));
