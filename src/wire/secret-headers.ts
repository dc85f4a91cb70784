/** Headers that prove who asks, whatever a service calls them. */
const PROOF = /(?:auth|authorization|key|token|secret|password|credentials?|signature|cookie)$|^x-portkey-config$/;
const NO_PROOF = 'idempotency-key';

/** The secrets that headers hold: their values without the scheme in front; of cookies each one's. */
export function secretsIn(headers: Iterable<readonly [string, string | null | undefined]>): string[] {
  const secrets: string[] = [];
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    if (!value || name === NO_PROOF || !PROOF.test(name)) continue;
    if (name.endsWith('cookie')) secrets.push(...value.split(';').map((cookie) => cookie.slice(cookie.indexOf('=') + 1).trim()));
    else secrets.push(value.trim().replace(/^\S+ +/, ''));
  }
  return secrets.filter((secret) => secret !== '');
}
