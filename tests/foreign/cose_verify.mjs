// Verifies our COSE_Sign1 with Node's own crypto and a CBOR reader of its own; asked and answering in JSON.
// Asked with [{bytes, keys: [{suite, public}]}] on standard input, it answers [{ok, payload, typ, kid} or {ok, error}].
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

function reader(bytes) {
  let at = 0;
  const take = (count) => {
    if (count > bytes.length - at) throw new Error("the bytes end too early");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const argument = () => {
    const first = take(1)[0];
    const info = first & 31;
    if (info > 27) throw new Error("indefinite length");
    let value = BigInt(info);
    if (info >= 24) value = BigInt("0x" + take(1 << (info - 24)).toString("hex"));
    return [first >> 5, Number(value)];
  };
  const item = () => {
    const [major, value] = argument();
    if (major === 0) return value;
    if (major === 1) return -1 - value;
    if (major === 2) return take(value);
    if (major === 3) return take(value).toString("utf8");
    if (major === 4) return Array.from({ length: value }, item);
    if (major === 5) return new Map(Array.from({ length: value }, () => [item(), item()]));
    if (major === 6) return { tag: value, value: item() };
    throw new Error("a float or simple value");
  };
  return { item, done: () => at === bytes.length };
}

function whole(bytes) {
  const { item, done } = reader(bytes);
  const value = item();
  if (!done()) throw new Error("bytes behind the value");
  return value;
}

function byteString(bytes) {
  const head = Buffer.alloc(bytes.length < 24 ? 1 : bytes.length < 256 ? 2 : bytes.length < 65536 ? 3 : 5);
  if (head.length === 1) head[0] = 0x40 | bytes.length;
  else if (head.length === 2) head.set([0x58, bytes.length]);
  else if (head.length === 3) head[0] = 0x59, head.writeUInt16BE(bytes.length, 1);
  else head[0] = 0x5a, head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function publicKey({ suite, public: hex }) {
  const raw = Buffer.from(hex, "hex");
  const text = (from, to) => raw.subarray(from, to).toString("base64url");
  const jwk = suite === "Ed25519"
    ? { kty: "OKP", crv: "Ed25519", x: text(0, 32) }
    : { kty: "EC", crv: "P-256", x: text(1, 33), y: text(33, 65) };
  return createPublicKey({ key: jwk, format: "jwk" });
}

function answer({ bytes, keys: [key] }) {
  try {
    const { tag, value: [protectedBytes, unprotected, payload, signature] } = whole(Buffer.from(bytes, "hex"));
    if (tag !== 18 || unprotected.size !== 0) throw new Error("no COSE_Sign1 of this profile");
    const header = whole(protectedBytes);
    if (header.get(1) !== (key.suite === "Ed25519" ? -8 : -7)) throw new Error("another algorithm than the key's");
    const structure = Buffer.concat([
      Buffer.from([0x84, 0x6a]), Buffer.from("Signature1"), byteString(protectedBytes), byteString(Buffer.alloc(0)),
      byteString(payload),
    ]);
    const options = key.suite === "Ed25519" ? publicKey(key) : { key: publicKey(key), dsaEncoding: "ieee-p1363" };
    if (!verify(key.suite === "Ed25519" ? null : "sha256", structure, options, signature)) throw new Error("no match");
    return { ok: true, payload: payload.toString("hex"), typ: header.get(16), kid: header.get(4).toString("hex") };
  } catch (problem) {
    return { ok: false, error: problem.message };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0)).map(answer)));
