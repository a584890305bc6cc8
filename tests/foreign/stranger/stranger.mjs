// A second implementation of what needs no node, written from the pages of docs/spec alone: it answers `decode` and
// `verify` of docs/spec/cli-protocol.md with Node's own crypto and nothing else. It is no product: it shows that a
// stranger can read the pages, and that the suite finds what is missing.
import { createInterface } from "node:readline";
import { Malformed, bad, decode, encode } from "./cbor.mjs";
import * as shapes from "./shapes.mjs";
import { Unsupported, inclusion, keyId, namedKey, plain, same, sha, sign1, unseal } from "./crypto.mjs";
import { anchor, verified } from "./files.mjs";

const TYPE = (name) => `application/vnd.comity.${name}.v1`;

class Refused extends Error {}

function shaped(raw, shape) {
  const value = decode(raw);
  shape(value);
  return value;
}

function body(raw, kind) {
  const value = decode(raw);
  if (!(value instanceof Map) || value.get("kind") !== kind) bad("a body of another kind than its head");
  return encode(value);
}

function owner(parties, kid) {
  for (const { bureau, keys, relay } of parties) {
    const key = keys.find((each) => each.use === "sign" && same(keyId(each), kid));
    if (key) return { bureau, key, relay };
  }
  return bad("a key that nobody has registered");
}

function channel(head, stream) {
  const all = ["comity.channel/1", head.get("org"), head.get("sender"), stream, head.get("to")];
  return sha(encode(all)).subarray(0, 16);
}

// Checks 1 to 5 and 7 of docs/spec/wire.md section 8.
function delivery({ raw, org, me, parties, key, secret }) {
  const parcel = shaped(plain(raw), shapes.delivery);
  const carrier = owner(parties, namedKey(parcel.get("frame")));
  const frame = shaped(sign1(parcel.get("frame"), TYPE("frame"), carrier.key), shapes.frame);
  if (frame.get("sender") !== carrier.bureau || frame.get("org") !== org || frame.get("to") !== me) bad("another frame");
  if (!same(frame.get("sealed"), sha(parcel.get("sealed")))) bad("the frame of another envelope");
  const orRefused = (code, step) => {
    try {
      return step();
    } catch (problem) {
      throw problem instanceof Malformed ? new Refused(code) : problem;
    }
  };
  const content = orRefused("exchange.sealed", () => shaped(unseal(parcel.get("sealed"), key, plain(secret)), shapes.signed));
  const [signer, head] = orRefused("exchange.signature", () => {
    const found = owner(parties, namedKey(content.get("head")));
    const said = shaped(sign1(content.get("head"), TYPE("head"), found.key), shapes.head);
    return said.get("sender") === found.bureau ? [found, said] : bad("another sender");
  });
  if (signer.bureau !== carrier.bureau) throw new Refused("exchange.forwarded");
  if (head.get("org") !== org) throw new Refused("exchange.organisation");
  if (!head.get("to").includes(me)) throw new Refused("exchange.recipient");
  const streams = ["acts", "receipts", `own/${head.get("body").toString("hex")}`];
  if (!streams.some((each) => same(channel(head, each), head.get("channel")))) throw new Refused("exchange.channel");
  orRefused("exchange.malformed", () => {
    const [text, salt] = [content.get("body"), content.get("salt")];
    if (BigInt(text.length) !== head.get("size") || !same(sha(salt, text), head.get("body"))) bad("another body");
    body(text, head.get("kind"));
  });
  return encode(content);
}

function carriage({ structure, raw, org, me, parties, now }) {
  const bytes = plain(raw);
  const by = owner(parties, namedKey(bytes));
  const said = shaped(sign1(bytes, TYPE(structure), by.key), shapes[structure]);
  if (said.get("org") !== org || said.get("relay") !== me) bad("of another organisation or relay");
  if (said.get(structure === "collect" ? "bureau" : "relay") !== by.bureau) bad("in the name of another");
  if (structure === "collect") {
    const off = said.get("at") - BigInt(now);
    if (off > 600_000n || off < -600_000n) throw new Refused("relay.stale");
    if ((said.get("taken") ?? []).length + (said.get("left") ?? []).length > 4096) bad("too many numbers");
  }
  return encode(said);
}

const READERS = {
  value: ({ raw }) => encode(decode(plain(raw))),
  head: ({ raw }) => encode(shaped(plain(raw), shapes.head)),
  frame: ({ raw }) => encode(shaped(plain(raw), shapes.frame)),
  leaf: ({ raw }) => encode(shaped(plain(raw), shapes.leaf)),
  signed: ({ raw }) => encode(shaped(plain(raw), shapes.signed)),
  body: ({ raw, kind }) => body(plain(raw), kind),
  sign1: ({ raw, typ, key }) => sign1(plain(raw), typ, key),
  sealed: ({ raw, key, secret }) => encode(shaped(unseal(plain(raw), key, plain(secret)), shapes.signed)),
  delivery,
  "row-proof": ({ raw, root }) => {
    const shown = shaped(plain(raw), shapes.rowProof);
    proven(shown.get("inclusion"), sha(shown.get("salt"), shown.get("row")), plain(root));
    return shown.get("row");
  },
  "logged-proof": ({ raw, root }) => {
    const shown = shaped(plain(raw), shapes.loggedProof);
    const leaf = encode(shown.get("leaf"));
    proven(shown.get("inclusion"), sha("comity.leaf/1", shown.get("salt"), leaf), plain(root));
    return leaf;
  },
  carried: carriage, returned: carriage, collect: carriage,
  anchor: ({ raw }) => Buffer.from(anchor(plain(raw).toString())),
};

function proven(shown, entry, root) {
  inclusion(shown.get("index"), shown.get("size"), shown.get("path"), entry, root);
}

const DOES = {
  hello: () => ({ protocol: "conformance/1", name: "stranger 1 (JavaScript)", does: Object.keys(DOES) }),
  decode: (asked) => {
    const read = READERS[asked.structure];
    if (!read) throw new Unsupported(`the structure ${asked.structure}`);
    return { raw: Buffer.from(read(asked)).toString("base64") };
  },
  verify: ({ file, anchor: known }) => verified(file, known),
};

function answer(line) {
  try {
    const asked = JSON.parse(line);
    if (!Object.hasOwn(DOES, asked.do)) return { unsupported: `the command ${asked.do}` };
    return DOES[asked.do](asked);
  } catch (problem) {
    if (problem instanceof Malformed) return { malformed: problem.message };
    if (problem instanceof Refused) return { refused: problem.message };
    if (problem instanceof Unsupported) return { unsupported: problem.message };
    return { error: `${problem.name}: ${problem.message}` };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
