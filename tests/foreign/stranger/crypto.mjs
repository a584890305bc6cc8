// Signatures, envelopes and Merkle paths with Node's own crypto: docs/spec/wire.md sections 4, 6, 10 and 11.
import {
  createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, verify,
} from "node:crypto";
import { bad, decode, encode } from "./cbor.mjs";

export class Unsupported extends Error {}

export const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((each) => Buffer.from(each)))).digest();
export const same = (one, other) => Buffer.compare(one, other) === 0;
const ALGORITHM = { Ed25519: -8, ES256: -7, "HPKE-X25519": 50, "HPKE-MLKEM768-X25519": -70768 };

export const plain = (base64) => {
  const raw = Buffer.from(base64, "base64");
  if (raw.toString("base64") !== base64) bad("base64 in another spelling than its own");
  return raw;
};

export function keyId(key) {
  return sha(key.use, Buffer.from([0]), plain(key.public)).subarray(0, 16);
}

function publicKey(suite, raw) {
  const text = (from, to) => raw.subarray(from, to).toString("base64url");
  const jwk = suite === "Ed25519"
    ? { kty: "OKP", crv: "Ed25519", x: text(0, 32) }
    : { kty: "EC", crv: "P-256", x: text(1, 33), y: text(33, 65) };
  return createPublicKey({ key: jwk, format: "jwk" });
}

export function signedBy(suite, raw, message, signature) {
  if (suite !== "Ed25519" && suite !== "ES256") bad("a sealing key cannot sign");
  if (signature.length !== 64) bad(`a signature of ${signature.length} bytes`);
  const key = publicKey(suite, raw);
  const good = suite === "Ed25519"
    ? verify(null, message, key, signature)
    : verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
  if (!good) bad("a signature that does not verify");
}

function parts(raw, tag, count) {
  if (!same(raw.subarray(0, tag.length), tag)) bad("not under the tag that it must have");
  const found = decode(raw.subarray(tag.length));
  if (!Array.isArray(found) || found.length !== count) bad(`no list of ${count}`);
  return found;
}

function sign1Parts(raw) {
  const [header, unprotected, payload, signature] = parts(raw, Buffer.from([0xd2]), 4);
  if (!(header instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array)) bad("no COSE_Sign1");
  if (!(unprotected instanceof Map) || unprotected.size) bad("something that is not signed");
  return { header, payload, signature };
}

export function namedKey(raw) {
  const { header } = sign1Parts(raw);
  const kid = decode(header, 1024).get?.(4n);
  return kid instanceof Uint8Array && kid.length === 16 ? kid : bad("no key id of 16 bytes");
}

export function sign1(raw, typ, key) {
  const { header, payload, signature } = sign1Parts(raw);
  const wanted = encode(new Map([[1, ALGORITHM[key.suite]], [4, keyId(key)], [16, typ]]));
  if (!same(header, wanted)) bad("another header than the registered key's");
  signedBy(key.suite, plain(key.public), encode(["Signature1", header, Buffer.alloc(0), payload]), signature);
  return payload;
}

// Envelopes.

const SEALED = "application/vnd.comity.sealed.v1";
const X25519_PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const X25519_SPKI = Buffer.from("302a300506032b656e032100", "hex");

function opened(cipher, key, nonce, sealed, about) {
  try {
    const decipher = createDecipheriv(cipher, key, nonce, { authTagLength: 16 });
    decipher.setAAD(about, { plaintextLength: sealed.length - 16 });
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  } catch {
    return bad("it does not decrypt");
  }
}

// RFC 9180 base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
function hpkeOpen(secret, own, encapsulated, sealed, info) {
  const extract = (salt, ikm) => createHmac("sha256", salt.length ? salt : Buffer.alloc(32)).update(ikm).digest();
  const expand = (prk, about, length) => {
    let [block, made] = [Buffer.alloc(0), Buffer.alloc(0)];
    for (let count = 1; made.length < length; count++) {
      block = createHmac("sha256", prk).update(Buffer.concat([block, about, Buffer.from([count])])).digest();
      made = Buffer.concat([made, block]);
    }
    return made.subarray(0, length);
  };
  const labeled = (suite) => ({
    extract: (salt, label, ikm) => extract(salt, Buffer.concat([Buffer.from("HPKE-v1"), suite, Buffer.from(label), ikm])),
    expand: (prk, label, about, length) => expand(
      prk, Buffer.concat([Buffer.from([0, length]), Buffer.from("HPKE-v1"), suite, Buffer.from(label), about]), length),
  });
  const none = Buffer.alloc(0);
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: Buffer.concat([X25519_PKCS8, secret]), format: "der", type: "pkcs8" }),
    publicKey: createPublicKey({ key: Buffer.concat([X25519_SPKI, encapsulated]), format: "der", type: "spki" }),
  });
  const kem = labeled(Buffer.from("4b454d0020", "hex"));
  const secretOfKem = kem.expand(
    kem.extract(none, "eae_prk", shared), "shared_secret", Buffer.concat([encapsulated, own]), 32);
  const suite = labeled(Buffer.from("48504b45002000010003", "hex"));
  const context = Buffer.concat([
    Buffer.from([0]), suite.extract(none, "psk_id_hash", none), suite.extract(none, "info_hash", info),
  ]);
  const prk = suite.extract(secretOfKem, "secret", none);
  const key = suite.expand(prk, "key", context, 32);
  return opened("chacha20-poly1305", key, suite.expand(prk, "base_nonce", context, 12), sealed, none);
}

export function unseal(raw, key, secret) {
  const [header, unprotected, ciphertext, recipients] = parts(raw, Buffer.from([0xd8, 0x60]), 4);
  const nonce = unprotected instanceof Map && unprotected.size === 1 ? unprotected.get(5n) : null;
  if (!(header instanceof Uint8Array && ciphertext instanceof Uint8Array && Array.isArray(recipients))) bad("no COSE_Encrypt");
  if (!(nonce instanceof Uint8Array) || nonce.length !== 12) bad("no nonce of 12 bytes, or more beside it");
  const said = decode(header, 1024);
  const commit = said instanceof Map ? said.get("commit") : null;
  if (!commit || said.size !== 3 || said.get(1n) !== 3n || said.get(16n) !== SEALED) bad("another header of an envelope");
  const blocks = recipients.map((each) => {
    if (!Array.isArray(each) || each.length !== 3 || !(each[1] instanceof Map) || each[1].size !== 2) bad("no recipient");
    const [inner, about, wrapped] = [each[0], each[1], each[2]];
    return { inner, kid: about.get(4n) ?? bad("no key id"), ek: about.get(-4n) ?? bad("no encapsulated key"), wrapped };
  });
  const block = blocks.find(({ kid }) => same(kid, keyId(key))) ?? bad("not sealed to this key");
  if (!same(block.inner, encode(new Map([[1, ALGORITHM[key.suite]]])))) bad("a block of another suite than the key's");
  if (key.suite !== "HPKE-X25519") throw new Unsupported("Node 20 has no ML-KEM");
  if (block.ek.length !== 32) bad("an encapsulated key of another length");
  const info = encode(["HPKE Recipient", 3, block.inner, Buffer.alloc(0)]);
  const content = hpkeOpen(secret, plain(key.public), block.ek, block.wrapped, info);
  if (!same(sha("comity.commit/1", content), commit)) bad("it does not commit to the key that it carries");
  const padded = opened("aes-256-gcm", content, nonce, ciphertext, encode(["Encrypt", header, Buffer.alloc(0)]));
  const end = 4 + padded.readUInt32BE(0);
  const large = 1 << 20;
  const bucket = end > large ? Math.ceil(end / large) * large : Math.max(1024, 2 ** Math.ceil(Math.log2(end)));
  if (padded.length !== bucket || padded.subarray(end).some((byte) => byte)) bad("not padded as it says");
  return padded.subarray(4, end);
}

// RFC 9162 section 2.1.3.2.
export function inclusion(index, size, path, entry, root) {
  if (!(index >= 0n && index < size)) bad("no such leaf");
  let [at, last, node] = [index, size - 1n, sha([0], entry)];
  for (const other of path) {
    if (other.length !== 32 || last === 0n) bad("a path of another length");
    if (at & 1n || at === last) {
      node = sha([1], other, node);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      node = sha([1], node, other);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  if (last !== 0n || !same(node, root)) bad("a path that leads to another root");
}

// RFC 9162 section 2.1.4.2.
export function consistency(old, oldRoot, size, root, proof) {
  if (old === size) return proof.length === 0 && same(oldRoot, root) ? undefined : bad("one size with two roots");
  const path = (old & (old - 1n)) === 0n ? [oldRoot, ...proof] : [...proof];
  if (path.length === 0) bad("a path of another length");
  let [at, last] = [old - 1n, size - 1n];
  while (at & 1n) [at, last] = [at >> 1n, last >> 1n];
  let [was, now] = [path[0], path[0]];
  for (const other of path.slice(1)) {
    if (last === 0n || other.length !== 32) bad("a path of another length");
    if (at & 1n || at === last) {
      [was, now] = [sha([1], other, was), sha([1], other, now)];
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      now = sha([1], now, other);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  if (last !== 0n || !same(was, oldRoot) || !same(now, root)) bad("a path that leads to another root");
}
