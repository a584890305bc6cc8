// CBOR as docs/spec/wire.md section 2 has it: one value, one spelling. Integers are BigInt, maps are Map.

export class Malformed extends Error {}

const MOST = 8 * 1024 * 1024;
const DEEPEST = 16;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function bad(why) {
  throw new Malformed(why);
}

export function decode(bytes, most = MOST) {
  if (bytes.length > most) bad(`${bytes.length} bytes, ${most} at most`);
  let at = 0;
  const take = (count) => {
    if (count > bytes.length - at) bad("the bytes end too early");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const argument = (info) => {
    if (info < 24) return BigInt(info);
    if (info > 27) bad("an indefinite length");
    const size = 1 << (info - 24);
    const value = BigInt("0x" + take(size).toString("hex"));
    const least = info === 24 ? 24n : 1n << BigInt(4 * size);
    if (value < least) bad("a length or integer that is not in its shortest form");
    return value;
  };
  const text = (raw) => {
    try {
      return utf8.decode(raw);
    } catch {
      return bad("a text that is no UTF-8");
    }
  };
  const item = (depth) => {
    const first = take(1)[0];
    const major = first >> 5;
    if (major > 5) bad("a tag, a float or a simple value");
    const value = argument(first & 31);
    if (major === 0 || major === 1) {
      if (value >= 1n << 63n) bad("an integer beyond 64 bits");
      return major === 0 ? value : -1n - value;
    }
    if (value > BigInt(bytes.length - at)) bad("a length beyond the end");
    if (major === 2) return take(Number(value));
    if (major === 3) return text(take(Number(value)));
    if (depth >= DEEPEST) bad("too many containers inside each other");
    if (major === 4) return Array.from({ length: Number(value) }, () => item(depth + 1));
    const map = new Map();
    let before = null;
    for (let left = value; left > 0n; left--) {
      const start = at;
      const key = item(depth + 1);
      const spelled = bytes.subarray(start, at);
      if (typeof key !== "string" && (typeof key !== "bigint" || key < -24n || key > 23n)) bad("a key of another type");
      if (before !== null && Buffer.compare(before, spelled) >= 0) bad("keys that are not sorted, or twice");
      before = spelled;
      map.set(key, item(depth + 1));
    }
    return map;
  };
  const whole = item(0);
  if (at !== bytes.length) bad("bytes behind the value");
  return whole;
}

function headed(major, value) {
  const number = BigInt(value);
  if (number < 24n) return Buffer.from([(major << 5) | Number(number)]);
  const size = number < 1n << 8n ? 1 : number < 1n << 16n ? 2 : number < 1n << 32n ? 4 : 8;
  const info = 24 + Math.log2(size);
  return Buffer.concat([
    Buffer.from([(major << 5) | info]), Buffer.from(number.toString(16).padStart(2 * size, "0"), "hex"),
  ]);
}

export function encode(value) {
  if (typeof value === "bigint" || typeof value === "number") {
    const number = BigInt(value);
    return number >= 0n ? headed(0, number) : headed(1, -1n - number);
  }
  if (typeof value === "string") {
    const raw = Buffer.from(value);
    return Buffer.concat([headed(3, raw.length), raw]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([headed(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([headed(4, value.length), ...value.map(encode)]);
  const pairs = [...value].map(([key, each]) => [encode(key), encode(each)]);
  pairs.sort((one, other) => Buffer.compare(one[0], other[0]));
  return Buffer.concat([headed(5, pairs.length), ...pairs.flat()]);
}
