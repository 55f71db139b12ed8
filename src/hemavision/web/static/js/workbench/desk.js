/** Where decisions go and cells come from: the case itself, or a second reading that is blind to it. */

import { everyPage } from "./api.js";
import { assignKeys } from "./hotkeys.js";

/** Return {decide, undo} as the writer wants them. */
export function createDesk({ api, store, root }) {
  const seen = (changes) => changes.map(({ id }) => id).filter((id) => store.state.seen.has(id));
  const blind = async (changes) => {
    const asked = { changes, seen: seen(changes) };
    const { cells, left_out } = await api.patch(`/reads/${store.state.reading.id}/cells`, asked);
    return { batch: 0, cells: cells.map(asBlind), case: null, left_out }; // it has no batches: the page undoes
  };
  return {
    decide: (changes, asSuggested) => (store.state.reading ? blind(changes)
      : api.patch(`${root}/cells`, { changes, seen: seen(changes), as_suggested: asSuggested })),
    undo: ({ batch, changes }) => (store.state.reading ? blind(changes) : api.post(`${root}/undo`, { batch })),
  };
}

/** Return {all, cells, record, pictures, cut}: ask the server and put into the state what it says. */
export function createLoader({ api, store, root }) {
  async function record() {
    const { case: found, versions, cell_types: types } = await api.get(root);
    const keys = assignKeys(types.map(({ name }) => name));
    const known = store.state.types;
    const same = known.length === types.length && known.every(({ name }, index) => name === types[index].name);
    const keyed = types.map((type) => ({ ...type, key: keys[type.name] ?? null }));
    store.dispatch({ type: "caseLoaded", found, versions, types: same ? known : keyed });
  }

  async function cells() {
    const { reading } = store.state;
    const path = reading ? `/reads/${reading.id}/cells` : `${root}/cells`;
    const found = await everyPage(api.get, path, "cells");
    store.dispatch({ type: "cellsLoaded", cells: reading ? found.map(asBlind) : found });
  }

  async function cut() {
    if (store.state.reading) return store.dispatch({ type: "cutLoaded", cut: [] });
    const found = await api.get(`${root}/cut`);
    return store.dispatch({ type: "cutLoaded", cut: found.cut });
  }

  async function pictures() {
    const { images } = await api.get(`${root}/images`);
    store.dispatch({ type: "imagesLoaded", images });
    await record();
    await cells();
    await cut();
  }

  async function all() {
    const session = await api.session();
    store.dispatch({ type: "sessionLoaded", ...session });
    const [, { images }, { reads }] = await Promise.all([record(), api.get(`${root}/images`), api.get(`${root}/reads`)]);
    store.dispatch({ type: "imagesLoaded", images });
    const own = reads.find(({ state, reader }) => state === "open" && reader === session.reader?.name);
    if (own) store.dispatch({ type: "readingBegan", reading: own });
    await cells();
    await cut();
  }
  return { all, cells, record, pictures, cut };
}

function asBlind(cell) {
  return { ...cell, suggestion: null, decided_by: null, decided_at: null };
}
