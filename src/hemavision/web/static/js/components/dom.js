/** The few DOM phrases that every component uses. */

/** Find a part's element by its role within `element`. */
export const role = (element, name) => element.querySelector(`[data-role="${name}"]`);

/** Tell the page: a CustomEvent that bubbles up to main.js. */
export function tell(element, name, detail = {}) {
  element.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
}

/** Make an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Write text only where it changes, so that nothing is announced or laid out twice. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whether the person asked for less motion. */
export const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
