import { limitsIn } from './src/contract/limit-headers.ts';
import { serverTime } from './src/contract/headers.ts';
import { waitUntil } from './src/time/duration.ts';
const headers = { date: 'Thu, 01 Jan 2026 01:00:00 GMT', 'content-type': 'application/json', 'x-request-id': 'a', 'x-ratelimit-limit-requests': '5000', 'x-ratelimit-limit-tokens': '160000', 'x-ratelimit-remaining-requests': '4999', 'x-ratelimit-remaining-tokens': '159976', 'x-ratelimit-reset-requests': '12ms', 'x-ratelimit-reset-tokens': '9ms', server: 'x', 'cf-ray': 'y', a: '1', b: '2', c: '3', d: '4' };
function time(name: string, f: () => unknown) { for (let k=0;k<3;k++){ const n=300000; const t=process.cpuUsage(); for (let i=0;i<n;i++) f(); const u=process.cpuUsage(t); if(k===2) console.log(name, ((u.user+u.system)/n).toFixed(2),'µs'); } }
time('serverTime', () => serverTime(headers, 1e12));
time('limitsIn', () => limitsIn(headers, 1e12));
time('waitUntil 12ms', () => waitUntil('12ms', 1e12));
time('waitUntil 6m0s', () => waitUntil('6m0s', 1e12));
time('waitUntil date', () => waitUntil('2026-01-01T01:00:30Z', 1e12));
time('keys+includes', () => { let c=0; for (const name of Object.keys(headers)) if (name.includes('ratelimit')) c++; return c; });
