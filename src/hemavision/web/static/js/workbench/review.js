/** What a reader does to cells: press, move, classify, commit, take back. */

import { _, n_, whole } from "../words.js";
import { binOf, committable, confidentOf, galleryOrder, groupCells, isDecided, isDoubtful, namedTogetherOf, nextDoubtful, nextUndecided, passes, sheetOf, successor, TO_READ, togetherOf, UNFAMILIAR } from "./cells.js";
import { moveFrom, placeOf, sheetLayout } from "./rows.js";
import { isReadOnly, onSheet, range, roomLeft, targetOf, targets, toggled, undecided, withinTarget } from "./state.js";
import { beyondWords, binWords, cellsWords, leftOutWords } from "./words.js";

const PAGE_ROWS = 4;
const ALL_DECIDED = _("Every cell is decided: sign the case.");
const NO_DOUBT = _("No doubtful cell is left: C commits the confident ones that you have seen.");

/** `view` is the gallery's: its groups and layout say what lies where; `looked()` says which of a sheet's cells were looked at. */
export function createReview({ store, writer, view, looked, notice, say }) {
  const order = () => view.layout.sections.flatMap(({ ids }) => ids);
  const mine = () => targets(store.state).filter((id) => store.state.cells.has(id));
  const focus = (id) => id !== null && id !== undefined && store.dispatch({ type: "focused", id });
  const label = (name) => binWords(name, store.state.types).toLowerCase();

  function locked() {
    if (!isReadOnly(store.state)) return false;
    notice(_("The case is signed: nothing changes until it is amended."), "info");
    return true;
  }

  /** Return the changes that the count takes; say which it leaves out, and how it goes on. */
  function counted(changes) {
    const { taken, beyond } = withinTarget(store.state, changes);
    if (beyond.length) notice(beyondWords(beyond.length, targetOf(store.state)), "info", beyond);
    return taken;
  }

  /** Decide, and let the ring go on to the next undecided cell; where there is none it stays. Return how many. */
  function decide(asked, asSuggested = false) {
    const changes = counted(asked);
    if (!changes.length) return 0;
    const ids = changes.map(([id]) => id);
    const { queue, focusId } = store.state;
    const goOn = ids.includes(focusId);
    const next = !goOn ? null : queue ? nextInQueue(ids) : successor(view.groups, ids, focusId);
    if (goOn && next !== null) {
      // Whoever is done with a type, or with all of it that shows, sees as much of the next as there is room for.
      const sectionOf = (id) => placeOf(view.layout, id)?.section;
      view.toTop = ids.length > 1 || sectionOf(next) !== sectionOf(focusId);
      store.dispatch({ type: "focused", id: next, hover: true });
    }
    if (store.state.selection.size > 1) store.dispatch({ type: "selected", ids: [] });
    else if (store.state.selection.size === 1) store.dispatch({ type: "selected", ids: next === null ? [] : [next] });
    writer.decide(changes, asSuggested);
    if (queue && goOn) goOnWith(next);
    if (goOn && next === null && !undecided(store.state).length) notice(ALL_DECIDED, "info");
    return changes.length;
  }

  /** Return which cell is next once `ids` are decided: one of the same sheet, as long as it has any. */
  function nextInQueue(ids) {
    const { sheet, cells, types, focusId } = store.state;
    const places = sheet?.ids ?? [];
    const left = places.filter((id) => !ids.includes(id));
    if (!left.length) return nextDoubtful(cells.values(), types, places.at(-1) ?? ids.at(-1), ids);
    return left.find((id) => places.indexOf(id) > places.indexOf(focusId)) ?? left[0];
  }

  /** The large view shows the next doubtful cells; where there are none it gives way to the gallery, at what is left. */
  function goOnWith(id) {
    const { sheet, cells, types, filter } = store.state;
    if (id !== null && !passes(cells.get(id), filter)) store.dispatch({ type: "filtered", filter: "all" });
    const shown = sheet?.ids.includes(id) ? undefined : sheetOf(cells.values(), types, id);
    store.dispatch({ type: "inspected", id, queue: true, sheet: shown, closer: false });
    if (id !== null) focus(id);
    else if (undecided(store.state).length) {
      notice(NO_DOUBT, "info");
      const left = nextUndecided(view.groups, store.state.focusId);
      if (left !== null) showAtTop(left);
    }
  }

  /** Everything confident that was seen, of all types at once, through the gate of all bulk ways. */
  function commitSeen() {
    if (locked()) return;
    if (store.state.reading) return void notice(_("A second reader names each cell: there is no suggestion to commit."), "info");
    commitTogether(undecided(store.state).map(({ id }) => id));
  }

  function classify(type, asked = mine(), isBin = false) {
    if (!asked.length || locked()) return;
    const ids = asked.length === 1 && !isBin ? asked : throughGate(asked);
    if (!ids.length) return;
    const done = decide(ids.map((id) => [id, type]));
    if (done) say(ids.length === 1 ? `${_("Cell {id}", { id: ids[0] })}: ${label(type)}` : `${cellsWords(done)}: ${label(type)}`);
  }

  /** Return which of several cells one word may name: what was seen, and what the model is sure of or was opened. */
  function throughGate(asked) {
    const { cells, seen, opened } = store.state;
    const { ready, unseen, doubtful } = namedTogetherOf(asked.map((id) => cells.get(id)), seen, opened);
    const words = leftOutWords(unseen, doubtful);
    if (words) notice(ready.length ? `${words}.` : _("Nothing named: {words}.", { words }), "info", [...unseen, ...doubtful]);
    return ready;
  }

  /** What lies in a type's bin is of that type by the reader's own word. */
  function classifyBin(name) {
    const { cells } = store.state;
    if (onSheet(store.state)) return; // it covers the bins
    const shown = view.layout.sections.find((section) => section.name === name)?.ids ?? [];
    const ids = shown.filter((id) => !isDecided(cells.get(id)));
    if (locked()) return;
    if (!ids.length) notice(_("Nothing undecided lies under {bin}.", { bin: label(name) }), "info");
    else classify(name, ids, true);
  }

  function commit() {
    if (onSheet(store.state)) return void commitSheet();
    const ids = mine();
    if (!ids.length || locked()) return;
    if (ids.length > 1) return void commitTogether(ids);
    const cells = ids.map((id) => store.state.cells.get(id));
    const nameless = cells.filter((cell) => committable(cell) === null);
    if (nameless.length) {
      notice(n_("Cell {id} has no name to commit: say what it is with a type's key.", "{n} cells have no name to commit: say what they are with a type's key.",
        nameless.length, { n: whole(nameless.length), id: nameless[0].id }), "info", [nameless[0].id]);
    }
    const changes = cells.filter((cell) => committable(cell) !== null).map((cell) => [cell.id, committable(cell)]);
    const done = decide(changes);
    if (done) say(_("{cells} committed", { cells: cellsWords(done) }));
  }

  /** Several at once pass the gate of a bin's button: what was seen, and what the model does not doubt. */
  function commitTogether(ids) {
    const cells = ids.map((id) => store.state.cells.get(id));
    const { ready, unseen, doubtful } = togetherOf(cells, store.state.seen);
    const words = leftOutWords(unseen, doubtful);
    if (!ready.length) return void notice(words ? _("Nothing committed: {why}.", { why: words }) : ALL_DECIDED, "info", [...unseen, ...doubtful]);
    if (words) notice(`${words}.`, "info", [...unseen, ...doubtful]);
    const done = decide(ready.map((id) => [id, committable(store.state.cells.get(id))]), true);
    if (done) say([_("{cells} committed", { cells: cellsWords(done) }), words].filter(Boolean).join("; "));
  }

  /** Each cell of a sheet that is before the reader's eyes, large, is opened: so the gate, which leaves out others. */
  function commitSheet() {
    if (locked()) return;
    const ids = looked().filter((id) => onSheet(store.state).ids.includes(id));
    if (!ids.length) return void notice(_("Nothing committed: the pictures have only just come. Look at them first."), "info");
    store.dispatch({ type: "saw", ids });
    store.dispatch({ type: "opened", ids });
    const done = decide(ids.map((id) => [id, committable(store.state.cells.get(id))]));
    if (done) say(_("{cells} committed", { cells: cellsWords(done) }));
  }

  function takeBack() {
    const ids = mine();
    if (!ids.length || onSheet(store.state) || locked()) return;
    decide(ids.map((id) => [id, null]));
  }

  /** In the queue, what was taken back shows again. */
  function undo() {
    const [first] = store.state.history.done.at(-1)?.before ?? [];
    writer.undo();
    const cell = store.state.cells.get(first?.[0]);
    if (store.state.queue && cell && isDoubtful(cell)) goOnWith(cell.id);
  }

  /** Move the ring on a sheet. */
  function ring(id, closer = store.state.closer) {
    focus(id);
    store.dispatch({ type: "inspected", id, closer });
  }

  function press({ id, range: extend, add }) {
    if (id === null) {
      if (!add && !extend) store.dispatch({ type: "selected", ids: [] });
      return;
    }
    store.dispatch({ type: "saw", ids: [id] }); // who presses a cell has it before their eyes
    store.dispatch({ type: "opened", id });
    const { selection, anchor } = store.state;
    if (extend) store.dispatch({ type: "selected", ids: range(order(), anchor ?? id, id), add });
    else if (add) store.dispatch({ type: "selected", ids: toggled(selection, id), anchor: id });
    else store.dispatch({ type: "selected", ids: [id], anchor: id });
    store.dispatch({ type: "focused", id, hover: true });
    follow();
  }

  function move(by, extend) {
    const from = store.state.focusId;
    const sheet = onSheet(store.state);
    if (sheet) return void ring(moveFrom(sheetLayout(sheet), from, by));
    const id = moveFrom(view.layout, from, by, PAGE_ROWS);
    if (id === null) return;
    if (extend) {
      const anchor = store.state.selection.size ? store.state.anchor ?? from : from;
      store.dispatch({ type: "selected", ids: range(order(), anchor, id), anchor });
    } else if (store.state.selection.size) store.dispatch({ type: "selected", ids: [] });
    focus(id);
    view.tiles.get(id)?.focus({ preventScroll: true });
    follow();
  }

  /** The open inspector goes along with the focus. */
  function follow() {
    const { inspectedId, focusId } = store.state;
    if (inspectedId !== null && inspectedId !== focusId) store.dispatch({ type: "inspected", id: focusId });
  }

  function show(id) {
    if (!placeOf(view.layout, id)) store.dispatch({ type: "filtered", filter: "all" });
    focus(id);
    view.tiles.get(id)?.focus({ preventScroll: true });
    follow();
  }

  /** As `show`, with what follows the cell in sight as well. */
  function showAtTop(id) {
    view.toTop = true;
    store.dispatch({ type: "hovered", id: null });
    show(id);
    view.toTop = false;
  }

  function showBin(name) {
    const first = view.layout.sections.find((section) => section.name === name)?.ids[0];
    if (first !== undefined) showAtTop(first);
  }

  /** `here`: dropped in the gallery, not on a bin: who lets a cell go where it was meant nothing by it. */
  function drop({ ids: carried, name, here }) {
    if (locked()) return;
    const ids = carried.filter((id) => !here || binOf(store.state.cells.get(id)) !== name);
    if (!ids.length) return;
    if (name === UNFAMILIAR || name === TO_READ) {
      decide(ids.filter((id) => isDecided(store.state.cells.get(id))).map((id) => [id, null]));
      return;
    }
    classify(name, ids);
  }

  function commitConfident(name) {
    const { ready, unseen } = confidentOf([...store.state.cells.values()], name, store.state.seen);
    if (unseen.length || locked()) return;
    const changes = counted(ready.map((id) => [id, name]));
    if (!changes.length) return;
    writer.decide(changes, true);
    say(_("{cells} committed as {bin}", { cells: cellsWords(changes.length), bin: label(name) }));
  }

  function showUnseen(name) {
    const { unseen } = confidentOf([...store.state.cells.values()], name, store.state.seen);
    if (unseen.length) showAtTop(unseen[0]);
  }

  function selectBin(name) {
    const ids = view.layout.sections.find((section) => section.name === name)?.ids ?? [];
    store.dispatch({ type: "selected", ids });
    say(_("{cells} selected", { cells: cellsWords(ids.length) }));
  }

  return {
    targets: mine, classify, classifyBin, commit, commitSeen, takeBack, undo, ring, press, move, show, showBin, drop, commitConfident, showUnseen, selectBin,
    toggle() {
      const { focusId, selection } = store.state;
      if (onSheet(store.state)) return;
      store.dispatch({ type: "opened", id: focusId });
      if (focusId !== null) store.dispatch({ type: "selected", ids: toggled(selection, focusId), anchor: focusId });
    },
    selectAll() {
      const cell = store.state.cells.get(store.state.focusId);
      if (cell && !onSheet(store.state)) selectBin(binOf(cell));
    },
    /** Where the count has stopped, go on past it. */
    countOn() {
      if (roomLeft(store.state) > 0 || locked()) return;
      store.dispatch({ type: "countedOn" });
      notice(_("The count goes on past {target}.", { target: whole(targetOf(store.state)) }), "info");
    },
    queue() {
      const { cells, types, focusId, inspectedId, queue, sheet } = store.state;
      if (store.state.selection.size) store.dispatch({ type: "selected", ids: [] });
      const id = nextDoubtful(cells.values(), types, sheet?.ids.at(-1) ?? (queue ? inspectedId : null));
      if (id !== null) goOnWith(id);
      else notice(undecided(store.state).length ? NO_DOUBT : ALL_DECIDED, "info", focusId === null ? [] : [focusId]);
    },
    next() {
      const { cells, types, focusId } = store.state;
      // Where the filter shows none, one that it hides: N ends nowhere but at the end.
      const id = nextUndecided(view.groups, focusId) ?? nextUndecided(groupCells(cells.values(), galleryOrder(types)), focusId);
      if (id === null) notice(ALL_DECIDED, "info");
      else show(id);
    },
  };
}
