/** Stop and Go on beside the progress bar. Says `stop` and `go-on`. */

import { role, tell } from "../../components/dom.js";

export function mountProgress(element) {
  element.addEventListener("click", ({ target }) => {
    const action = target.closest("button")?.dataset.action;
    if (action === "stop" || action === "go-on") tell(element, action);
  });

  return function update(state) {
    const waiting = state.items.some(({ status }) => status === "waiting");
    const [stop, goOn] = [role(element, "stop"), role(element, "go-on")];
    const held = [stop, goOn].includes(document.activeElement);
    stop.hidden = !waiting || state.stopped;
    goOn.hidden = !waiting || !state.stopped;
    // The focus goes on to the button that takes the other's place.
    if (held) (stop.hidden ? goOn : stop).focus();
  };
}
