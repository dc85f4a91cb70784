import { describe, expect, it } from 'vitest';
import { Leases } from '../../src/redis/leases.ts';
import { manualClock } from '../support/manual-clock.ts';

describe('leases', () => {
  it('are renewed while a place is held, and end with it', () => {
    const clock = manualClock();
    const leases = new Leases(900, clock);
    const renewed: number[] = [];
    expect(leases.first(10_000)).toBe(900);
    leases.hold('a', 10_000, (ms) => renewed.push(ms));
    clock.tick(1_000);
    expect(renewed).toEqual([900, 900, 900]);
    leases.release('a');
    clock.tick(10_000);
    expect(renewed).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('end when the whole time is over, whoever still holds them', () => {
    const clock = manualClock();
    const leases = new Leases(900, clock);
    const renewed: number[] = [];
    leases.hold('a', 1_000, (ms) => renewed.push(ms));
    clock.tick(5_000);
    expect(renewed).toEqual([700, 400, 100]);
    expect(clock.pending).toBe(0);
  });

  it('share one timer; what is held for a short time needs none', () => {
    const clock = manualClock();
    const leases = new Leases(900, clock);
    leases.hold('short', 900, () => {});
    expect([leases.first(500), clock.pending]).toEqual([500, 0]);
    for (const id of ['a', 'b', 'c']) leases.hold(id, 5_000, () => {});
    expect(clock.pending).toBe(1);
    leases.clear();
    clock.tick(300);
    expect(clock.pending).toBe(0);
  });

  it('without end are as long as is asked, and never renewed', () => {
    const clock = manualClock();
    const leases = new Leases(Number.POSITIVE_INFINITY, clock);
    expect(leases.first(5_000)).toBe(5_000);
    leases.hold('a', 5_000, () => {});
    expect(clock.pending).toBe(0);
  });
});
