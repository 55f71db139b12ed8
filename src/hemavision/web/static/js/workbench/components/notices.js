/** Short messages: what went wrong stays until it is dismissed, the rest a while. Says `notice-dismissed`, `cell-wanted`. */

import { make, tell } from "../../components/dom.js";

const INFO_MS = 9000;

export function mountNotices(element) {
  const shown = new Map();
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.cell) tell(button, "cell-wanted", { id: Number(button.dataset.cell) });
    tell(element, "notice-dismissed", { id: Number(button.dataset.id) });
  });
  return function update({ notices }) {
    for (const [id, item] of shown) {
      if (notices.some((notice) => notice.id === id)) continue;
      item.remove();
      shown.delete(id);
    }
    for (const notice of notices) {
      if (shown.has(notice.id)) continue;
      const item = makeNotice(notice);
      shown.set(notice.id, item);
      element.append(item);
      if (notice.kind === "info") leave(item, notice.id);
    }
  };
}

/** Take a message away after a while, but not from under the pointer or the focus. */
function leave(item, id) {
  setTimeout(() => {
    if (!item.isConnected) return;
    if (item.matches(":hover, :focus-within")) leave(item, id);
    else tell(item, "notice-dismissed", { id });
  }, INFO_MS);
}

function makeNotice({ id, words, kind, ids }) {
  const show = ids.length ? [make("button", { type: "button", className: "button quiet", textContent: ids.length === 1 ? "Show it" : "Show the first" })] : [];
  for (const button of show) Object.assign(button.dataset, { id, cell: ids[0] });
  const close = make("button", { type: "button", className: "button quiet", textContent: "Dismiss" });
  close.dataset.id = id;
  const item = make("div", { className: "notice-item" }, make("p", { textContent: words }), ...show, close);
  item.dataset.kind = kind;
  return item;
}
