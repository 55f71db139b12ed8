/** What a key asks for. Which is which type's the server says. Pure. */

/** Letters that ask for something themselves: no class may have them (`COMMAND_KEYS` of records/classes.py). */
const COMMANDS = Object.freeze({
  c: "commitSeen", d: "queue", f: "field", g: "countOn", h: "heat", i: "inspect", k: "cut", n: "next", t: "total",
  v: "compare",
});

const MOVES = Object.freeze({
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
  Home: "first", End: "last", PageUp: "pageUp", PageDown: "pageDown",
});

const PLAIN = Object.freeze({
  Enter: "commit", " ": "toggle", Backspace: "takeBack", Delete: "takeBack", Escape: "leave", "?": "keys",
});

/**
 * Return what a key asks for, {name, …}, or null.
 *
 * @param event {key, code, ctrlKey, metaKey, altKey, shiftKey}
 * @param types Map of key → type's name
 */
export function meaning(event, types) {
  const { key, shiftKey } = event;
  const lower = key.length === 1 ? key.toLowerCase() : key;
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return withControl(lower, shiftKey);
  if (key in MOVES) return { name: "move", by: MOVES[key], extend: shiftKey };
  if (key in PLAIN) return { name: PLAIN[key] };
  const ofBin = shiftKey ? types.get(letterOf(event)) : undefined;
  if (ofBin !== undefined) return { name: "classifyBin", type: ofBin };
  if (types.has(lower)) return { name: "classify", type: types.get(lower) };
  return lower in COMMANDS ? { name: COMMANDS[lower] } : null;
}

/** Return the type's key that Shift goes with. Where Shift itself makes the digits, none does. */
function letterOf({ key, code = "" }) {
  if (/^\d$/.test(key)) return null;
  return code.startsWith("Digit") ? code.at(-1) : key.toLowerCase();
}

function withControl(key, shift) {
  if (key === "Enter") return { name: "sign" };
  if (key === "z") return { name: shift ? "redo" : "undo" };
  if (key === "y") return { name: "redo" };
  return key === "a" ? { name: "selectAll" } : null;
}
