/** Which key is which type, and what a key asks for. The types come from the server. Pure. */

/** Letters that ask for something themselves. */
const COMMANDS = Object.freeze({
  c: "compare", f: "field", h: "heat", i: "inspect", k: "cut", n: "next",
});
const DIGITS = "1234567890";

/**
 * Return {type's name: its key}: digits for the first ten types, for those after them the first
 * letter of their name that is free, else any that is.
 */
export function assignKeys(names) {
  const keys = {};
  const taken = new Set(Object.keys(COMMANDS));
  names.forEach((name, index) => {
    const letters = [...name, ..."abcdefghijklmnopqrstuvwxyz"].filter((letter) => /[a-z]/.test(letter));
    const key = index < DIGITS.length ? DIGITS[index] : letters.find((letter) => !taken.has(letter));
    if (key === undefined) return; // more types than keys: such a bin takes drops and clicks
    taken.add(key);
    keys[name] = key;
  });
  return keys;
}

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
