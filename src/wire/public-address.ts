/**
 * Whether an IP address is one of the public internet: not loopback, private, link-local (cloud metadata services),
 * carrier-grade NAT, documentation, multicast or reserved, in IPv4, IPv6 or IPv4 within IPv6.
 * Ranges: IANA special-purpose address registries.
 */
export function isPublicAddress(address: string): boolean {
  const four = ipv4Bytes(address);
  if (four !== undefined) return isPublicIPv4(four);
  const groups = ipv6Groups(address);
  return groups !== undefined && isPublicIPv6(groups);
}

function isPublicIPv4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100) return b < 64 || b > 127;
  if (a === 169) return b !== 254;
  if (a === 172) return b < 16 || b > 31;
  if (a === 192) return !(b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99));
  if (a === 198) return !(b === 18 || b === 19 || (b === 51 && c === 100));
  return !(a === 203 && b === 0 && c === 113);
}

function isPublicIPv6(groups: readonly number[]): boolean {
  const [first = 0, second = 0] = groups;
  const embedded = embeddedIPv4(groups);
  if (embedded !== undefined) return isPublicIPv4(embedded);
  // only 2000::/3 is handed out; in it 2001::/23 is for protocols, 2001:db8::/32 and 3fff::/20 for documents
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001) return second >= 0x200 && second !== 0xdb8;
  return !(first === 0x3fff && second < 0x1000);
}

/** The IPv4 address in `::ffff:a.b.c.d`, `::a.b.c.d`, `64:ff9b::a.b.c.d` (NAT64) and `2002:…` (6to4). */
function embeddedIPv4(groups: readonly number[]): number[] | undefined {
  const bytes = (high = 0, low = 0): number[] => [high >> 8, high & 255, low >> 8, low & 255];
  const [first = 0, second = 0, third = 0] = groups;
  if (first === 0x2002) return bytes(second, third);
  const nat64 = first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && (groups[5] === 0xffff || groups[5] === 0);
  return nat64 || mapped ? bytes(groups[6], groups[7]) : undefined;
}

function ipv4Bytes(text: string): number[] | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function ipv6Groups(text: string): number[] | undefined {
  const bare = text.replace(/^\[|\]$/g, '');
  if (!bare.includes(':')) return undefined;
  let host: string;
  try {
    host = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
  const [left = '', right] = host.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail].map((group) => Number.parseInt(group, 16));
}
