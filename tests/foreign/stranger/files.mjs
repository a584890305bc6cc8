// Proof files and evidence files for whoever runs no node: docs/spec/proof.md and docs/spec/evidence.md.
import { bad, decode } from "./cbor.mjs";
import * as shapes from "./shapes.mjs";
import { consistency, inclusion, namedKey, keyId, plain, same, sha, sign1, signedBy } from "./crypto.mjs";

const HEAD = "application/vnd.comity.head.v1";
const APPROVAL = "application/vnd.comity.approval.v1";

// JSON in its one spelling but for white space: tokens as they stand must be what is written again.
function strict(text, fields) {
  const tokens = text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (token) => (token.startsWith('"') ? token : ""));
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    bad("no JSON");
  }
  if (JSON.stringify(found) !== tokens) bad("JSON in another spelling than its own");
  ordered(found, fields);
  return found;
}

function ordered(value, fields) {
  if (Array.isArray(fields)) {
    if (!Array.isArray(value)) bad("no list");
    value.forEach((each) => ordered(each, fields[0]));
  } else if (typeof fields === "object") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) bad("no object");
    const [names, given] = [Object.keys(fields), Object.keys(value)];
    const wanted = names.filter((name) => Object.hasOwn(value, name.replace("?", "")));
    if (given.join() !== wanted.map((name) => name.replace("?", "")).join()) bad("other fields, or in another order");
    for (const name of names) {
      const key = name.replace("?", "");
      if (Object.hasOwn(value, key)) ordered(value[key], fields[name]);
      else if (!name.endsWith("?")) bad(`the field ${key} is missing`);
    }
  } else if (fields === "bytes") {
    if (typeof value !== "string") bad("no base64");
    plain(value);
  } else if (typeof value !== fields) {
    bad(`no ${fields}`);
  }
}

const REGISTRY = {
  name: "string", roots: ["string"],
  memberships: [{ targets: "string", profiles: [{ bureau: "string", role: "string", profile: "string" }] }],
};
const PROOF = {
  comity: "string", org: "string", by: "string",
  act: { head: "bytes", "approvals?": ["bytes"], "body?": "bytes", "salt?": "bytes" },
  logged: { leaf: "bytes", salt: "bytes", index: "number", path: ["bytes"], checkpoint: "string" },
  receipts: [{
    head: "bytes", row: "bytes", salt: "bytes", index: "number", size: "number", path: ["bytes"], checkpoint: "string",
  }],
  registry: REGISTRY,
};
const EVIDENCE = {
  comity: "string", org: "string", against: "string", what: "string", one: "bytes", other: "bytes", "root?": "bytes",
  "path?": ["bytes"], registry: REGISTRY,
};

// The registry: each file signed by enough keys of the one above it, from the first root on.

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
};

function metadata(text, type) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    bad("metadata that are no JSON");
  }
  if (found?.signed?._type !== type || canonical(found) !== text) bad(`no ${type} metadata in their one spelling`);
  return { signed: found.signed, signatures: found.signatures, message: Buffer.from(canonical(found.signed)) };
}

function enough(made, keys, role) {
  const counted = new Set();
  for (const { keyid, sig } of made.signatures) {
    if (!role.keyids.includes(keyid) || keys[keyid]?.keytype !== "ed25519") continue;
    try {
      signedBy("Ed25519", Buffer.from(keys[keyid].keyval.public, "hex"), made.message, Buffer.from(sig, "hex"));
      if (sig === sig.toLowerCase()) counted.add(keyid);
    } catch {
      // A signature that does not verify does not count.
    }
  }
  return counted.size >= role.threshold ? counted : null;
}

const signers = (made, keys, role) => enough(made, keys, role) ?? bad("too few signatures that count");

function whole(made, ...counted) {
  const every = new Set(counted.flatMap((each) => [...each]));
  if (made.signatures.length !== every.size || made.signatures.some(({ keyid }) => !every.has(keyid))) {
    bad("a signature that nobody asked for");
  }
}

export function organisation(name, text) {
  const root = metadata(text, "root");
  const { signed } = root;
  const [custodians, online] = [signed.roles.root, [...signed.roles.snapshot.keyids, ...signed.roles.timestamp.keyids]];
  if (signed.version !== 1 || signed.consistent_snapshot !== true) bad("no first root");
  if (signed["x-comity-name"] !== name) bad("the first root bears another name");
  if (custodians.keyids.length >= 2 * custodians.threshold) bad("the custodians are no majority");
  if (online.some((keyid) => custodians.keyids.includes(keyid))) bad("a custodian's key is used online");
  signers(root, signed.keys, custodians);
  return `${name.trim().toLowerCase()}-${sha(root.message).toString("hex").slice(0, 32)}`;
}

function registered(org, shown) {
  if (organisation(shown.name, shown.roots[0] ?? bad("no root")) !== org) bad("another organisation");
  const roots = [];
  for (const text of shown.roots) {
    const coming = metadata(text, "root");
    const before = roots.at(-1) ?? coming.signed;
    if (coming.signed.version !== roots.length + 1) bad("a root is missing");
    const counted = [before, coming.signed].map((each) => signers(coming, each.keys, each.roles.root));
    whole(coming, ...counted);
    roots.push(coming.signed);
  }
  const profiles = [];
  for (const part of shown.memberships) {
    const targets = metadata(part.targets, "targets");
    const signer = roots.findLast((root) => enough(targets, root.keys, root.roles.targets)) ?? bad("too few custodians");
    whole(targets, enough(targets, signer.keys, signer.roles.targets));
    if (targets.signed["x-comity-org"] !== org) bad("the members of another organisation");
    for (const each of part.profiles) {
      const { roles, keys } = targets.signed.delegations;
      const delegated = roles.find((role) => role.name === each.bureau) ?? bad("no such bureau");
      const role = metadata(each.role, "targets");
      whole(role, signers(role, keys, delegated));
      const named = role.signed.targets[`${each.bureau}/profile.json`] ?? bad("metadata without the profile");
      if (role.signed["x-comity-org"] !== org || Object.keys(role.signed.targets).length !== 1) bad("other metadata");
      if (named.hashes.sha256 !== sha(each.profile).toString("hex")) bad("another profile than was signed");
      const profile = JSON.parse(each.profile);
      if (profile.bureau !== each.bureau || profile.version !== role.signed.version) bad("another bureau's profile");
      profiles.push(profile);
    }
  }
  return profiles;
}

// What the keys sign.

class Signed {
  constructor(file) {
    this.org = file.org;
    this.profiles = registered(file.org, file.registry);
  }

  keys(use, bureau) {
    return this.profiles.filter((each) => !bureau || each.bureau === bureau)
      .flatMap((each) => each.keys.filter((key) => key.use === use).map((key) => ({ ...key, bureau: each.bureau })));
  }

  head(raw) {
    const kid = namedKey(raw);
    const key = this.keys("sign").find((each) => same(keyId(each), kid)) ?? bad("a key that no profile lists");
    const payload = sign1(raw, HEAD, key);
    const head = decode(payload);
    shapes.head(head);
    if (head.get("sender") !== key.bureau || head.get("org") !== this.org) bad("another sender or organisation");
    return { head, act: sha(payload) };
  }

  // C2SP tlog-checkpoint with the log's signature and, on our own checkpoints, cosignatures.
  checkpoint(bureau, note) {
    const cut = note.lastIndexOf("\n\n");
    const [text, lines] = [note.slice(0, cut + 1), note.slice(cut + 2).split("\n")];
    if (cut < 0 || lines.pop() !== "" || lines.length === 0 || lines.length > 100) bad("no note");
    const [origin, size, root] = text.split("\n");
    const own = `${this.org}/${bureau}`;
    if (origin !== own && !new RegExp(`^${own}/epoch-[1-9][0-9]*$`).test(origin)) bad("the checkpoint of another log");
    if (!/^(0|[1-9][0-9]*)$/.test(size)) bad("no size");
    let logged = false;
    const witnesses = new Set();
    for (const line of lines) {
      const [dash, name, spelled, ...more] = line.split(" ");
      if (dash !== "\u2014" || !name || !spelled || more.length) bad("no signature line");
      const made = plain(spelled);
      const witness = /\/([a-z0-9-]+)\/witness$/.exec(name)?.[1];
      const known = this.keys(witness ? "witness" : "log", witness ?? bureau).find((key) => {
        const id = sha(name, "\n", [witness ? 4 : 1], plain(key.public)).subarray(0, 4);
        return same(id, made.subarray(0, 4));
      });
      if (!known || (witness ? name !== `${this.org}/${witness}/witness` || witness === bureau : name !== origin)) {
        bad("a signature of nobody whose profile is shown");
      }
      if (witness) {
        const message = `cosignature/v1\ntime ${made.readBigUInt64BE(4)}\n${text}`;
        signedBy("Ed25519", plain(known.public), Buffer.from(message), made.subarray(12));
        witnesses.add(witness);
      } else {
        signedBy("Ed25519", plain(known.public), Buffer.from(text), made.subarray(4));
        logged = true;
      }
    }
    if (!logged) bad("a checkpoint without its log's signature");
    return { origin, size: BigInt(size), root: plain(root), witnesses: [...witnesses].sort(), signed: lines.length };
  }
}

function proof(file) {
  const signed = new Signed(file);
  const { head, act } = signed.head(plain(file.act.head));
  const [sender, to] = [head.get("sender"), head.get("to")];
  if (![sender, ...to].includes(file.by)) bad("the log of a bureau that is no party");
  const { body, salt, approvals = [] } = file.act;
  if ((body === undefined) !== (salt === undefined)) bad("a text without its salt");
  if (body !== undefined) {
    if (plain(salt).length !== 32 || BigInt(plain(body).length) !== head.get("size")) bad("another text");
    if (!same(sha(plain(salt), plain(body)), head.get("body"))) bad("another text");
  }
  for (const raw of approvals.map(plain)) {
    const listed = signed.profiles.filter(({ bureau }) => bureau === sender).flatMap((each) => each.approvers);
    const officer = listed.find(({ key }) => same(keyId(key), namedKey(raw))) ?? bad("an approval by nobody listed");
    const said = decode(sign1(raw, APPROVAL, officer.key));
    const wanted = [signed.org, officer.officer, officer.unit];
    if (!same(said.get("act"), act) || ["org", "officer", "unit"].some((key, at) => said.get(key) !== wanted[at])) {
      bad("an approval of something else");
    }
  }
  const { logged } = file;
  const leaf = decode(plain(logged.leaf));
  shapes.leaf(leaf);
  const ways = file.by === sender ? ["sent"] : ["received", "refused"];
  if (!same(leaf.get("act"), act) || !ways.includes(leaf.get("way")) || plain(logged.salt).length !== 32) bad("another leaf");
  const seen = signed.checkpoint(file.by, logged.checkpoint);
  const entry = sha("comity.leaf/1", plain(logged.salt), plain(logged.leaf));
  inclusion(whole64(logged.index), seen.size, logged.path.map(plain), entry, seen.root);
  const answers = file.receipts.map((each) => answered(signed, each, act, sender, to));
  return { what: "proof", bureau: sender, act: act.toString("base64"), log: file.by, witnesses: seen.witnesses, answers };
}

const whole64 = (number) => (Number.isSafeInteger(number) && number >= 0 ? BigInt(number) : bad("no place"));

function answered(signed, shown, act, sender, to) {
  const { head } = signed.head(plain(shown.head));
  const by = head.get("sender");
  if (head.get("kind") !== "exchange.receipts/1" || !to.includes(by) || !head.get("to").includes(sender)) bad("no receipt");
  const [index, size] = [whole64(shown.index), whole64(shown.size)];
  if (plain(shown.salt).length !== 32 || size > 256n) bad("no place of a receipt");
  const [row, entry] = [plain(shown.row), sha(plain(shown.salt), plain(shown.row))];
  const leads = (count) => inclusion(index, count, shown.path.map(plain), entry, head.get("rows") ?? bad("no rows"));
  leads(size);
  for (let smaller = index + 1n; smaller < size; smaller++) {
    let fits = true;
    try {
      leads(smaller);
    } catch {
      fits = false;
    }
    if (fits) bad("not the smallest tree that fits the path");
  }
  const receipt = decode(row);
  shapes.receipt(receipt);
  if (!same(receipt.get("act"), act)) bad("a receipt for another act");
  if (signed.checkpoint(by, shown.checkpoint).size <= receipt.get("leaf")) bad("a leaf beyond the checkpoint");
  return { by, rung: Number(receipt.get("rung")), code: receipt.get("code") ?? "accepted" };
}

function evidence(file) {
  const signed = new Signed(file);
  const [one, other] = [plain(file.one), plain(file.other)];
  if (file.what === "equivocation") {
    if (file.root !== undefined || file.path !== undefined) bad("two heads need no path");
    const heads = [one, other].map((raw) => signed.head(raw));
    const [first, second] = heads.map(({ head }) => head);
    if (heads.some(({ head }) => head.get("sender") !== file.against) || same(heads[0].act, heads[1].act)) bad("no two acts");
    const apart = first.get("epoch") !== second.get("epoch") || first.get("seq") !== second.get("seq");
    if (apart || !same(first.get("channel"), second.get("channel"))) bad("two heads under two numbers");
  } else if (file.what === "split-view") {
    const [before, later] = [one, other].map((raw) => signed.checkpoint(file.against, raw.toString()));
    if (before.origin !== later.origin || before.size <= 0n || before.size > later.size) bad("not of one log");
    if (before.signed !== 1 || later.signed !== 1) bad("signatures of others");
    const root = plain(file.root ?? bad("no root"));
    consistency(before.size, root, later.size, later.root, (file.path ?? []).map(plain));
    if (same(root, before.root)) bad("nothing contradicts");
  } else {
    bad("evidence of another kind");
  }
  return { what: file.what, bureau: file.against };
}

export function anchor(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    bad("no JSON");
  }
  if (found.comity !== "anchor/1" || organisation(found.name, found.root) !== found.org) bad("no anchor that holds");
  return found.org;
}

export function verified(text, anchorText) {
  const convicts = text.slice(0, 200).includes('"evidence/');
  const file = strict(text, convicts ? EVIDENCE : PROOF);
  if (file.comity !== (convicts ? "evidence/1" : "proof/1")) bad("a file of another version");
  if (anchorText !== undefined && anchor(anchorText) !== file.org) bad("a file of another organisation");
  return convicts ? evidence(file) : proof(file);
}
