/** Two readers slide by slide: the server's plot and what it says. */

import { role, write } from "../../components/dom.js";
import { slidesWords } from "../words.js";

/** Show what `/agreement/slides` answered in an element that holds `slides-words` and `plot`. */
export function fillSlides(element, { slides, limits, plot }) {
  write(role(element, "slides-words"), slidesWords(slides, limits));
  const drawn = plot ? [new DOMParser().parseFromString(plot, "image/svg+xml").documentElement] : [];
  role(element, "plot").replaceChildren(...drawn.map((svg) => document.importNode(svg, true)));
}
