// The structures of docs/spec/wire.md as shapes: what a field holds, and whether it may be left out.
import { bad } from "./cbor.mjs";

const MILLIS = [-(1n << 63n), (1n << 63n) - 1n];

export const int = (least = MILLIS[0], most = MILLIS[1]) => (value) =>
  (typeof value === "bigint" && value >= least && value <= most) || bad("no integer of this range");
export const text = (pattern = /^/s) => (value) =>
  (typeof value === "string" && pattern.test(value)) || bad("no text of this form");
export const bytes = (size) => (value) =>
  (value instanceof Uint8Array && (size === undefined || value.length === size)) || bad(`no ${size ?? ""} bytes`);
export const one = (...words) => (value) => words.includes(value) || bad("none of the words that may stand here");
export const list = (shape, least = 0, most = Infinity) => (value) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) bad("no list of this length");
  value.forEach(shape);
};
export const sorted = (shape, least, most) => (value) => {
  list(shape, least, most)(value);
  for (let at = 1; at < value.length; at++) if (!(value[at - 1] < value[at])) bad("not sorted, each once");
};
// What is left out when it has its default must not stand there with it.
export const left = (shape, standard) => Object.assign(
  (value) => { shape(value); if (standard !== undefined && value === standard) bad("a default that is spelled out"); },
  { optional: true },
);
export const some = (shape) => Object.assign(
  (value) => { shape(value); if ((value.length ?? value.size) === 0) bad("an empty one is left out"); },
  { optional: true },
);
export const map = (fields) => (value) => {
  if (!(value instanceof Map)) bad("no map");
  for (const key of value.keys()) if (!Object.hasOwn(fields, key)) bad("a field that this structure does not have");
  for (const [key, shape] of Object.entries(fields)) {
    if (value.has(key)) shape(value.get(key));
    else if (!shape.optional) bad(`the field ${key} is missing`);
  }
};

const bureau = text(/^[a-z][a-z0-9-]{1,23}$/);
const org = text(/^[a-z0-9][a-z0-9.-]{0,62}-[0-9a-f]{32}$/);
const digest = bytes(32);
const uint = int(0n);
const counted = int(1n);

const label = map({
  handling: left(one("H0", "H1", "H2", "H3"), "H0"),
  source: left(one("A", "B", "C", "X"), "X"),
  information: left(int(1n, 4n), 4n),
  confidentiality: left(one("official-use-only", "restricted", "confidential"), "official-use-only"),
  onward: left(one("audience", "ask", "none"), "ask"),
  audience: some(sorted(bureau)),
  expires: left(int()),
});
const purposes = one(
  "locate-wanted", "identify", "investigate", "alert", "identify-bodies", "forensics", "security-checks", "analysis",
  "border-control", "administration",
);

export const head = map({
  kind: text(/^[a-z]{2,24}\.[a-z-]{2,24}\/[1-9][0-9]{0,3}$/), org, sender: bureau,
  author: left(map({ officer: text(), unit: text() })),
  to: sorted(bureau, 1, 400), said: int(), registry: counted, channel: bytes(16), epoch: counted, seq: counted,
  purpose: purposes, label: some(label), basis: left(map({ law: text(/^.{1,200}$/su), until: left(int()) })),
  refs: some(list(map({ rel: text(), act: digest }), 0, 64)), subject: left(digest), keeper: left(bureau),
  body: digest, size: uint, rows: left(digest), blobs: some(list(digest, 0, 64)),
});
export const signed = map({ head: bytes(), body: bytes(), salt: bytes(), approvals: some(list(bytes())) });
export const frame = map({
  org, sender: bureau, to: bureau, lane: left(one("urgent", "normal", "bulk"), "normal"), sealed: bytes(), size: int(),
  said: int(), expires: left(int()), blobs: some(list(bytes())), blob_bytes: left(int(), 0n),
});
export const delivery = map({ frame: bytes(), sealed: bytes(), proof: left(bytes()) });
export const leaf = map({
  way: one("sent", "received", "refused", "evidence", "registry", "epoch"), act: bytes(), frame: left(bytes()),
  at: int(), code: left(text(), ""),
});
const inclusion = map({ index: int(), size: int(), path: list(bytes()) });
export const rowProof = map({ row: bytes(), salt: bytes(), inclusion });
export const loggedProof = map({ leaf, salt: bytes(), inclusion });
export const receipt = map({
  act: bytes(), rung: int(0n, 3n), code: left(text(), "accepted"), reason: left(text(), ""), article: left(text(), ""),
  leaf: int(), at: int(),
});
export const carried = map({ org, relay: bureau, at: int(), sealed: list(digest, 1, 1024) });
export const returned = map({
  org, relay: bureau, to: bureau, at: int(), code: text(/^.{1,64}$/su), sealed: list(digest, 1, 1024),
});
export const collect = map({
  org, relay: bureau, bureau, at: int(), serial: counted, taken: some(list(counted, 0, 4096)),
  left: some(list(counted, 0, 4096)),
});
