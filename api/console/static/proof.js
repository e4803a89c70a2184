// Checks in the browser that an event is in the signed log: its leaf, its way to the root (RFC 6962), and the
// signature of the checkpoint (C2SP signed-note, Ed25519); or that an earlier tree is the beginning of the latest. Beside them
// what witnesses signed (C2SP tlog-cosignature). Nothing that the server says of itself is taken for granted.
"use strict";
(() => {
  const KEPT = "kiteline-log-key";
  const PAST = "kiteline-log-keys";
  const WITNESS = "kiteline-witness-key";
  const ED25519 = 1;
  const COSIGNATURE = 4;
  const TIME_BYTES = 8;
  const HASH = 32;

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-proof], [data-grown], [data-witnessed]");
    if (!button) return;
    const place = button.closest("details, section").querySelector(".proof");
    const words = document.getElementById("proof-words").dataset;
    place.hidden = false;
    place.className = "proof";
    place.replaceChildren(words.checking);
    button.disabled = true;
    try {
      if (button.dataset.witnessed) {
        const steps = await areWitnessed(document.getElementById(button.dataset.witnessed).textContent, words);
        show(place, steps, words.didWitness.replace("{count}", steps.filter((step) => step.witness && step.holds).length), words.didNotWitness);
      } else if (button.dataset.grown) show(place, await hasGrown(button.dataset.grown, words), words.didHold, words.didNotHold);
      else show(place, await checked(button.dataset, words), words.proved, words.notProved);
    } catch (error) {
      place.replaceChildren(words.notChecked);
    }
    button.disabled = false;
  });

  async function checked(shown, words) {
    const [told, served, witnesses] = await Promise.all([
      fetched(shown.proof).then((answer) => answer.json()), keysServed(), keysServed("/v1/log/witness-keys"),
    ]);
    const leaf = bytes(told.leaf);
    const event = JSON.parse(new TextDecoder().decode(leaf));
    const isIt = event.id === shown.event && event.type.startsWith(`org.kiteline.${shown.type}.v`) && event.position === told.position;
    const checkpoint = readCheckpoint(told.checkpoint);
    const leafHash = await sha256(concat(Uint8Array.of(0), leaf));
    const hashes = told.hashes.map(bytes);
    const root = await rootFrom(leafHash, told.position - 1, checkpoint.size, hashes);
    const signers = await signersOf(checkpoint, served);
    const named = (signers.length ? signers : served).map((line) => line.split("+").slice(0, 2).join("+")).join(", ");
    return [
      { holds: isIt, text: words.stepLeaf.replace("{bytes}", leaf.length), code: `${words.leafHash} ${hex(leafHash)}` },
      { holds: root !== null, text: words.stepPath.replace("{count}", hashes.length) },
      {
        holds: root !== null && equal(root, checkpoint.root),
        text: words.stepRoot.replace("{size}", checkpoint.size.toLocaleString("en")),
        code: `${words.rootHash} ${hex(checkpoint.root)}`,
      },
      { holds: signers.length > 0, text: words.stepSignature.replace("{key}", named) },
      sameKey(checkpoint.origin, signers, words),
      ...(await cosigned(checkpoint, witnesses, words)),
    ];
  }

  // The note that the page shows: the log's own signature, and those of witnesses.
  async function areWitnessed(note, words) {
    const [served, witnesses] = await Promise.all([keysServed(), keysServed("/v1/log/witness-keys")]);
    const checkpoint = readCheckpoint(note);
    const signers = await signersOf(checkpoint, served);
    const text = words.stepLatest.replace("{size}", checkpoint.size.toLocaleString("en"));
    return [{ holds: signers.length > 0, text }, sameKey(checkpoint.origin, signers, words), ...(await cosigned(checkpoint, witnesses, words))];
  }

  async function hasGrown(address, words) {
    const [told, served, witnesses] = await Promise.all([
      fetched(address).then((answer) => answer.json()), keysServed(), keysServed("/v1/log/witness-keys"),
    ]);
    const [earlier, latest] = [readCheckpoint(told.earlier), readCheckpoint(told.checkpoint)];
    const signers = await signersOf(latest, served);
    // Before a change of keys another key signed: one that this browser trusted then.
    const signersThen = await signersOf(earlier, [...served, ...linesAt(PAST, latest.origin)]);
    const hashes = told.hashes.map(bytes);
    return [
      { holds: signersThen.length > 0, text: words.stepEarlier.replace("{size}", earlier.size.toLocaleString("en")) },
      ...(await cosigned(earlier, witnesses, words)),
      { holds: signers.length > 0, text: words.stepLatest.replace("{size}", latest.size.toLocaleString("en")) },
      ...(await cosigned(latest, witnesses, words)),
      {
        holds: await begins(earlier, latest, hashes),
        text: words.stepGrown.replace("{count}", hashes.length),
        code: `${words.rootHash} ${hex(latest.root)}`,
      },
      sameKey(latest.origin, signers, words),
    ];
  }

  // What each witness's line under a checkpoint is worth: right, wrong, or of a key that nobody here knows (`holds` null).
  async function cosigned(checkpoint, lines, words) {
    const steps = [];
    const known = (await Promise.all([...new Set(lines)].map((line) => readKey(line, COSIGNATURE).then((key) => ({ line, key })))))
      .filter((one) => one.key !== null);
    const told = (name, witness, more) => ({ witness: true, text: words[name].replace("{witness}", witness), ...more });
    for (const { line, key } of known) {
      const mine = checkpoint.signatures.map(readSignature).filter((one) => one.name === key.name && equal(one.id, key.id));
      const code = line.split("+").slice(0, 2).join("+");
      if (mine.length === 0) steps.push(told("witnessSilent", key.name, { holds: null, code }));
      for (const one of mine) {
        const time = await cosignedAt(checkpoint, key, one.value);
        const when = time === null ? "" : new Date(time * 1000).toLocaleString(document.documentElement.lang, { timeZone: "Asia/Shanghai" });
        const step = told(time === null ? "witnessFalse" : "witnessHolds", key.name, { holds: time !== null, code });
        steps.push({ ...step, text: step.text.replace("{time}", when) });
        if (time === null) continue;
        const kept = linesAt(WITNESS, key.name);
        if (kept.length === 0) window.localStorage.setItem(`${WITNESS} ${key.name}`, line);
        else if (!kept.includes(line)) steps.push(told("witnessChanged", key.name, { holds: false, code }));
      }
    }
    for (const one of checkpoint.signatures.map(readSignature)) {
      const isKnown = known.some(({ key }) => one.name === key.name && equal(one.id, key.id));
      if (one.name !== checkpoint.origin && !isKnown) {
        steps.push(told("witnessUnknown", one.name, { holds: null, code: `${one.name}+${hex(one.id)}` }));
      }
    }
    return steps.length ? steps : [{ holds: null, text: words.witnessNone }];
  }
  // Seconds since 1970 at which the witness vouched, null where it did not: 8 bytes of time, then Ed25519 over time and text.
  async function cosignedAt(checkpoint, key, value) {
    if (value.length !== TIME_BYTES + 64) return null;
    const time = new DataView(value.buffer, value.byteOffset, TIME_BYTES).getBigUint64(0);
    const message = new TextEncoder().encode(`cosignature/v1\ntime ${time}\n${checkpoint.text}`);
    const publicKey = await crypto.subtle.importKey("raw", key.publicKey, { name: "Ed25519" }, false, ["verify"]);
    return (await crypto.subtle.verify({ name: "Ed25519" }, publicKey, value.slice(TIME_BYTES), message)) ? Number(time) : null;
  }

  // While keys change a checkpoint is signed by the old one and the new one: whoever knows the one learns the other.
  function sameKey(origin, signers, words) {
    const known = linesAt(KEPT, origin);
    const isFirst = known.length === 0;
    const holds = isFirst || signers.some((line) => known.includes(line));
    if (holds && signers.length) {
      window.localStorage.setItem(`${KEPT} ${origin}`, signers.join("\n"));
      const past = new Set([...linesAt(PAST, origin), ...known, ...signers]);
      window.localStorage.setItem(`${PAST} ${origin}`, [...past].join("\n"));
    }
    return { holds, text: isFirst ? words.stepFirstKey : words.stepSameKey };
  }
  function linesAt(name, origin) {
    return (window.localStorage.getItem(`${name} ${origin}`) ?? "").split("\n").filter((line) => line);
  }

  function show(place, steps, yes, no) {
    const holds = steps.every((step) => step.holds !== false);
    const verdict = document.createElement("p");
    const strong = document.createElement("strong");
    strong.textContent = holds ? yes : no;
    verdict.append(strong);
    const list = document.createElement("ul");
    for (const step of steps) {
      const line = document.createElement("li");
      line.textContent = step.text;
      if (step.holds !== true) line.className = step.holds === false ? "no" : "open";
      if (step.code) {
        const code = document.createElement("code");
        code.textContent = step.code;
        line.append(document.createElement("br"), code);
      }
      list.append(line);
    }
    place.className = `proof ${holds ? "holds" : "fails"}`;
    place.replaceChildren(verdict, list);
  }

  // RFC 9162, 2.1.3.2: the root that an inclusion proof leads to; null where the proof has the wrong length.
  async function rootFrom(leafHash, index, size, hashes) {
    if (index >= size) return null;
    let at = BigInt(index);
    let last = BigInt(size) - 1n;
    let hash = leafHash;
    for (const one of hashes) {
      if (last === 0n || one.length !== HASH) return null;
      if (at % 2n === 1n || at === last) {
        hash = await nodeHash(one, hash);
        while (at % 2n === 0n && at !== 0n) {
          at >>= 1n;
          last >>= 1n;
        }
      } else {
        hash = await nodeHash(hash, one);
      }
      at >>= 1n;
      last >>= 1n;
    }
    return last === 0n ? hash : null;
  }

  // RFC 9162, 2.1.4.2: whether a consistency proof leads to both roots.
  async function begins(earlier, latest, hashes) {
    if (earlier.size === latest.size) return hashes.length === 0 && equal(earlier.root, latest.root);
    if (earlier.size === 0 || earlier.size > latest.size || hashes.length === 0) return false;
    let at = BigInt(earlier.size) - 1n;
    let last = BigInt(latest.size) - 1n;
    while (at % 2n === 1n) {
      at >>= 1n;
      last >>= 1n;
    }
    // A whole tree is its own first hash.
    const path = at === 0n ? [earlier.root, ...hashes] : hashes;
    let [old, fresh] = [path[0], path[0]];
    for (const one of path.slice(1)) {
      if (last === 0n || one.length !== HASH) return false;
      if (at % 2n === 1n || at === last) {
        old = await nodeHash(one, old);
        fresh = await nodeHash(one, fresh);
        while (at % 2n === 0n && at !== 0n) {
          at >>= 1n;
          last >>= 1n;
        }
      } else {
        fresh = await nodeHash(fresh, one);
      }
      at >>= 1n;
      last >>= 1n;
    }
    return last === 0n && equal(old, earlier.root) && equal(fresh, latest.root);
  }

  function readCheckpoint(note) {
    const end = note.indexOf("\n\n");
    const text = note.slice(0, end + 1);
    const [origin, size, root] = text.split("\n");
    const signatures = note.slice(end + 2).split("\n").filter((line) => line.startsWith("— "));
    return { text, origin, size: Number(size), root: bytes(root), signatures };
  }

  // name+id in hex+base64 of type and key; the id is taken from the key, not from the line.
  async function readKey(line, kind = ED25519) {
    const [name, id, encoded] = [line.split("+")[0], line.split("+")[1], line.split("+").slice(2).join("+")];
    const raw = bytes(encoded);
    if (raw.length !== HASH + 1 || raw[0] !== kind) return null;
    const own = (await sha256(concat(new TextEncoder().encode(`${name}\n`), raw))).slice(0, 4);
    if (hex(own) !== id) return null;
    return { name, id: own, publicKey: raw.slice(1) };
  }

  // The lines of those keys by which a checkpoint is signed.
  async function signersOf(checkpoint, lines) {
    const found = [];
    for (const line of new Set(lines)) {
      const key = await readKey(line);
      if (key !== null && key.name === checkpoint.origin && (await isSigned(checkpoint, key))) found.push(line);
    }
    return found;
  }

  async function isSigned(checkpoint, key) {
    const publicKey = await crypto.subtle.importKey("raw", key.publicKey, { name: "Ed25519" }, false, ["verify"]);
    const message = new TextEncoder().encode(checkpoint.text);
    for (const { name, id, value } of checkpoint.signatures.map(readSignature)) {
      if (name !== key.name || !equal(id, key.id)) continue;
      if (await crypto.subtle.verify({ name: "Ed25519" }, publicKey, value, message)) return true;
    }
    return false;
  }

  // Whose a line is, by which key, and the bytes after the key's id.
  function readSignature(line) {
    const space = line.lastIndexOf(" ");
    let raw = new Uint8Array();
    try {
      raw = bytes(line.slice(space + 1));
    } catch (error) {
      // A line that is no signature is nobody's.
    }
    return { name: line.slice(2, space), id: raw.slice(0, 4), value: raw.slice(4) };
  }

  // A line a key: of the log two while keys change, of witnesses one each.
  async function keysServed(address = "/v1/log/key") {
    const answer = await fetched(address);
    return (await answer.text()).split("\n").map((line) => line.trim()).filter((line) => line);
  }
  async function fetched(address) {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer;
  }
  async function sha256(data) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  }
  function nodeHash(left, right) {
    return sha256(concat(Uint8Array.of(1), left, right));
  }
  function bytes(encoded) {
    return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  }
  function hex(data) {
    return Array.from(data, (one) => one.toString(16).padStart(2, "0")).join("");
  }
  function equal(one, other) {
    return one.length === other.length && one.every((byte, number) => byte === other[number]);
  }
  function concat(...parts) {
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
})();
