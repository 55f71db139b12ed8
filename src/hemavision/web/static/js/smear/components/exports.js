/** The buttons that save what was found in another format. Says `export-wanted`. */

import { role, tell, write } from "../../components/dom.js";

export function mountExports(element) {
  element.addEventListener("click", ({ target }) => {
    const format = target.closest("button")?.dataset.export;
    if (format) tell(element, "export-wanted", { format });
  });
  element.addEventListener("export-told", ({ detail }) => write(role(element, "export-words"), detail.words));

  return function update(state) {
    const nothing = !state.items.some(({ answer }) => answer);
    for (const button of element.querySelectorAll("[data-export]")) button.disabled = nothing;
  };
}
