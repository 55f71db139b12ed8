/** Takes snapshots to cases: asks the API and tells the store what became of it. */

import { createApi, loginAddress, Problem } from "../api.js";
import { CASE, filedOutcome, NEW_CASE, openCases, recallFiling, rememberFiling, troubleOutcome } from "./filing.js";

const MOST_CASES = 200; // of a state: whoever has more open looks for one on its own page

/** Return {restore, list, file, remember}; `askName()` gives a new case's name, or null. */
export function createDesk(store, askName) {
  const api = createApi();
  const dispatch = (type, values = {}) => store.dispatch({ type, ...values });
  const chosen = () => store.state.filing;

  let turn = Promise.resolve(); // one after the other: no snapshot is lost, no new case made twice

  /** Do `body` when its turn comes; what the server refuses becomes the outcome, in words. */
  function attempt(body) {
    turn = turn.then(async () => {
      let outcome = null;
      try {
        await api.session(); // anew each time: a login in another tab brings another token
        outcome = await body();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        outcome = troubleOutcome(error, loginAddress(window.location));
      } finally {
        dispatch("filingEnded", { outcome });
      }
    });
    return turn;
  }

  async function refresh() {
    const of = (state) => api.get(`/cases?state=${state}&limit=${MOST_CASES}`);
    const lists = await Promise.all(["new", "in_review"].map(of));
    dispatch("casesListed", { cases: openCases(lists.map(({ cases }) => cases)) });
    return null;
  }

  async function chosenCase() {
    if (chosen().cases.length === 0) await refresh(); // it may have failed when the page was opened
    const { caseId, cases } = chosen();
    if (caseId !== NEW_CASE) return cases.find(({ id }) => String(id) === caseId);
    const name = await askName();
    if (name === null) return null;
    const { case: made } = await api.make("/cases", { name });
    dispatch("caseMade", { made });
    return made;
  }

  async function put(png, name) {
    const into = await chosenCase();
    if (!into) return null;
    dispatch("filingBegan");
    const form = new FormData();
    form.append("images", png, name);
    form.append("kind", "field"); // a camera's frame, however small, is no picture of one cell
    try {
      const { results: [result] } = await api.upload(`/cases/${into.id}/images`, form);
      return filedOutcome(result, into);
    } catch (error) {
      if (error.status === 404 || error.status === 409) await refresh(); // signed meanwhile
      throw error;
    }
  }

  async function restore() {
    const { destination, caseId } = recallFiling(window.localStorage);
    if (destination !== CASE) return;
    dispatch("destinationChosen", { destination });
    dispatch("caseChosen", { caseId });
    await attempt(refresh);
  }

  return {
    restore,
    list: () => attempt(refresh),
    file: (png, name) => attempt(() => put(png, name)),
    remember: () => rememberFiling(window.localStorage, chosen()),
  };
}
