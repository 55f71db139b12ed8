/** Wires the login: a name, a password, and back to where the reader came from. */

import { createApi, Problem, safeNext } from "../api.js";
import { role, write } from "../components/dom.js";

const form = document.querySelector("[data-part=login]");
const api = createApi();

async function begin() {
  try {
    const { reader, accounts } = await api.session();
    role(form, "open").hidden = accounts;
    if (accounts && reader) window.location.replace(safeNext(window.location.search));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(role(form, "error"), error.words.detail);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { value: name } = form.elements.namedItem("name");
  const password = form.elements.namedItem("password");
  role(form, "submit").disabled = true;
  try {
    await api.logIn(name, password.value);
    window.location.replace(safeNext(window.location.search));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(role(form, "error"), error.words.detail);
    password.value = "";
    password.focus();
  } finally {
    role(form, "submit").disabled = false;
  }
});

begin();
