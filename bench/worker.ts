import type { MakeClient } from './clients/client.ts';
import { SCENARIOS } from './scenarios.ts';

/** Measures one client in one scenario: `worker.ts <client> <scenario> <origin>`; prints the figure. */
const [, , clientName = '', scenarioName = '', origin = ''] = process.argv;
const [file, variant = 'make'] = clientName.split('#');
const module = (await import(`./clients/${file}.ts`)) as Record<string, MakeClient>;
const make = module[variant];
const scenario = SCENARIOS.find(({ name }) => name === scenarioName);
if (make === undefined || scenario === undefined) throw new Error(`no such client or scenario: ${clientName}, ${scenarioName}`);
const figure = await scenario.measure(await make(origin));
process.stdout.write(`${JSON.stringify(figure)}\n`, () => process.exit());
