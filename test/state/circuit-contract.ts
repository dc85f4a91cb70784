import { expect, it } from 'vitest';
import type { CircuitAdmission, CircuitPermit, CircuitRule, CircuitVerdict } from '../../src/contract/store.ts';
import type { Rig } from './store-contract.ts';

const RULE: CircuitRule = { failureRate: 0.5, minCalls: 4, windowMs: 10_000, enoughCalls: 300, openForMs: 1_000 };
const LEASE = 30_000;

/** Circuits of every store. What happens in other orders is compared with a reference in `circuit-model.ts`. */
export function circuitContract(rig: Rig): void {
  const admit = (rule = RULE, key = rig.key) => rig.store.circuits.admit(key, rule, LEASE, rig.context);
  const settle = (permit: CircuitPermit, verdict: CircuitVerdict, retryAfterMs = 0, rule = RULE, key = rig.key) =>
    rig.store.circuits.settle(key, rule, permit, verdict, retryAfterMs, rig.context);
  const known = () => rig.store.circuits.known(rig.key);

  async function calls(verdicts: readonly CircuitVerdict[], rule = RULE): Promise<void> {
    for (const verdict of verdicts) await settle(permitOf(await admit(rule)), verdict, 0, rule);
  }
  const fail = (count: number, rule = RULE) => calls(Array(count).fill('failure'), rule);

  it('open with the failure that makes their share too large, and say why they refuse', async () => {
    await calls(['success', 'success', 'failure', 'failure']);
    expect(await admit()).toMatchObject({ permit: { trial: false } });
    expect(known()).toEqual([{ key: rig.key, state: 'closed' }]);
    const changed = await settle(permitOf(await admit()), 'failure');
    expect(changed).toEqual({ from: 'closed', to: 'open', openForMs: 1_000 });
    rig.clock.tick(250.5);
    expect(await admit()).toEqual({ refusal: { state: 'open', retryAfterMs: 750, calls: 5, failures: 3 } });
    expect(known()).toEqual([{ key: rig.key, state: 'open', trialAt: rig.clock.now() + 749.5 }]);
    expect(await admit(RULE, `${rig.key} other`)).toMatchObject({ permit: {} });
  });

  it('let one trial through, and close with its success', async () => {
    await fail(4);
    rig.clock.tick(1_000);
    const admission = await admit();
    expect(admission).toMatchObject({ permit: { trial: true }, changed: { from: 'open', to: 'half-open' } });
    expect(await admit()).toEqual({ refusal: { state: 'half-open', retryAfterMs: 1_000, calls: 0, failures: 0 } });
    expect(known()).toEqual([{ key: rig.key, state: 'half-open' }]);
    expect(await settle(permitOf(admission), 'success')).toEqual({ from: 'half-open', to: 'closed' });
    expect(await admit()).toEqual({ permit: expect.objectContaining({ trial: false }) });
  });

  it('open for twice as long with each failed trial, within chance, and start anew after a calm time', async () => {
    const lengths: (number | undefined)[] = [];
    for (const chance of [0.5, 0, 0.75]) {
      rig.clock.random = () => chance;
      if (lengths.length === 0) await fail(3);
      lengths.push((await settle(permitOf(await admit()), 'failure'))?.openForMs);
      rig.clock.tick(lengths.at(-1) ?? 0);
    }
    expect(lengths).toEqual([1_000, 1_600, 4_400]);
    await calls(['success']);
    rig.clock.random = () => 0.5;
    rig.clock.tick(10_000);
    await fail(3);
    expect(await settle(permitOf(await admit()), 'failure')).toMatchObject({ openForMs: 1_000 });
  });

  it('go on doubling when they have not been closed for long', async () => {
    await fail(4);
    rig.clock.tick(1_000);
    await calls(['success', 'failure', 'failure']);
    expect(await settle(permitOf(await admit()), 'failure')).toMatchObject({ openForMs: 2_000 });
  });

  it('are open for five minutes at most, or as long as the rule begins with', async () => {
    const long = { ...RULE, minCalls: 1, openForMs: 200_000 };
    const longer = { ...RULE, minCalls: 1, openForMs: 400_000 };
    for (const [rule, lengths] of [
      [long, [200_000, 300_000, 300_000]],
      [longer, [400_000, 400_000]],
    ] as const) {
      const key = `${rig.key} ${rule.openForMs}`;
      for (const openForMs of lengths) {
        const permit = permitOf(await admit(rule, key));
        expect(await settle(permit, 'failure', 0, rule, key)).toMatchObject({ openForMs });
        rig.clock.tick(openForMs);
      }
    }
  });

  it('stay open as long as the target asked, up to a quarter of an hour, unless it has answered since', async () => {
    const asking = async (key: string, ms: number, then: readonly CircuitVerdict[]): Promise<number | undefined> => {
      await settle(permitOf(await admit(RULE, key)), 'failure', ms, RULE, key);
      for (const verdict of then) await settle(permitOf(await admit(RULE, key)), verdict, 0, RULE, key);
      return (await settle(permitOf(await admit(RULE, key)), 'failure', 0, RULE, key))?.openForMs;
    };
    expect(await asking(`${rig.key} a`, 20_000, ['failure', 'failure'])).toBe(20_000);
    expect(await asking(`${rig.key} b`, 86_400_000, ['failure', 'failure'])).toBe(900_000);
    expect(await asking(`${rig.key} c`, 20_000, ['success', 'failure'])).toBe(1_000);
  });

  it('forget outcomes that are older than the window, and count calls that last longer', async () => {
    await fail(3);
    rig.clock.tick(10_001);
    await fail(3);
    expect(known()).toMatchObject([{ state: 'closed' }]);
    const running = await Promise.all([admit(), admit(), admit(), admit()]);
    rig.clock.tick(600_000);
    for (const admission of running) await settle(permitOf(admission), 'failure');
    expect(known()).toMatchObject([{ state: 'open' }]);
  });

  it('look at the newest outcomes where there are more than enough', async () => {
    const rule = { ...RULE, enoughCalls: 5 };
    await calls(Array(20).fill('success'), rule);
    rig.clock.tick(1_000);
    await fail(4, rule);
    expect(known()).toMatchObject([{ state: 'closed' }]);
    await fail(1, rule);
    expect(known()).toMatchObject([{ state: 'open' }]);
  });

  it('let nothing decide that was sent before the last change', async () => {
    const early = await Promise.all(Array.from({ length: 8 }, () => admit()));
    for (const admission of early.slice(0, 4)) await settle(permitOf(admission), 'failure');
    await settle(permitOf(early[4]), 'success');
    expect(known()).toMatchObject([{ state: 'open' }]);
    rig.clock.tick(1_000);
    const trial = await admit();
    await settle(permitOf(early[5]), 'success');
    await settle(permitOf(early[6]), 'failure');
    expect(known()).toMatchObject([{ state: 'half-open' }]);
    await settle(permitOf(trial), 'success');
    for (const admission of early) expect(await settle(permitOf(admission), 'failure')).toBeUndefined();
    expect(known()).toMatchObject([{ state: 'closed' }]);
  });

  it('give a trial up for lost when its lease ends: it then decides nothing', async () => {
    await fail(4);
    rig.clock.tick(1_000);
    const lost = await admit();
    rig.clock.tick(LEASE - 1);
    expect(await admit()).toMatchObject({ refusal: { state: 'half-open' } });
    rig.clock.tick(1);
    const second = await admit();
    expect(second).toEqual({ permit: expect.objectContaining({ trial: true }) });
    expect(await settle(permitOf(lost), 'failure')).toBeUndefined();
    expect(await admit()).toMatchObject({ refusal: { state: 'half-open' } });
    expect(await settle(permitOf(second), 'success')).toMatchObject({ to: 'closed' });
  });

  it('get the place of a trial back that said nothing', async () => {
    await fail(4);
    rig.clock.tick(1_000);
    for (let trials = 0; trials < 3; trials++) {
      const permit = permitOf(await admit());
      expect(permit.trial).toBe(true);
      expect(await settle(permit, 'neutral')).toBeUndefined();
      expect(await settle(permit, 'success')).toBeUndefined();
    }
    expect(known()).toMatchObject([{ state: 'half-open' }]);
  });

  it('let one of a burst through as the trial', async () => {
    await fail(4);
    rig.clock.tick(1_000);
    const admissions = await Promise.all(Array.from({ length: 20 }, () => admit()));
    expect(admissions.filter(({ permit }) => permit !== undefined)).toHaveLength(1);
    expect(admissions.filter((admission) => 'changed' in admission)).toHaveLength(1);
  });

  it('are listed by the start of their keys, the longest unused first, and forgotten likewise', async () => {
    for (const name of ['a', 'b', 'c', 'a']) await admit(RULE, `${rig.key}/${name}`);
    await admit(RULE, `other ${rig.key}`);
    expect(known().map(({ key }) => key)).toEqual(['b', 'c', 'a'].map((name) => `${rig.key}/${name}`));
    rig.store.circuits.forget(`${rig.key}/`);
    expect(known()).toEqual([]);
    expect(rig.store.circuits.known(`other ${rig.key}`)).toHaveLength(1);
  });
}

function permitOf(admission: CircuitAdmission | undefined): CircuitPermit {
  if (admission?.permit === undefined) throw new Error('it was not let through');
  return admission.permit;
}
