/** Where a picture shows far more than the cell that was named: the way to the Smear page. Says `field-wanted`. */

import { selectedItem } from "../state.js";
import { isField } from "../words.js";
import { tell } from "./dom.js";

export function mountFieldHint(element) {
  element.addEventListener("click", ({ target }) => target.closest("button") && tell(element, "field-wanted"));
  return function update(state) {
    const prediction = selectedItem(state)?.answer?.prediction;
    element.hidden = !prediction || !isField(prediction);
  };
}
