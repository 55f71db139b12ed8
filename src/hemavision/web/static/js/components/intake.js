/** Every way in: drop anywhere, paste, picker, samples. Says `files-chosen` and `sample-chosen`. */

import { carriesFiles, filesFrom } from "../intake.js";
import { tell } from "./dom.js";

export function mountIntake(root, { picker, veil }) {
  mountDrop(root, veil);
  root.addEventListener("paste", (event) => {
    const files = filesFrom(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    tell(root, "files-chosen", { files, pasted: true });
  });
  picker.addEventListener("change", () => {
    tell(root, "files-chosen", { files: [...picker.files] });
    picker.value = ""; // so that the same file can be chosen again
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.action === "pick") picker.click();
    if (button?.dataset.action === "clear") tell(button, "clear");
    if (button?.dataset.action === "restore") tell(button, "restore");
    if (button?.dataset.sample) {
      tell(button, "sample-chosen", { url: button.dataset.sample, name: button.dataset.name });
    }
  });
}

function mountDrop(root, veil) {
  let depth = 0; // dragenter and dragleave come once for every element passed over
  const show = (visible) => veil.classList.toggle("visible", visible);
  root.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event.dataTransfer)) return;
    depth += 1;
    show(true);
  });
  root.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event.dataTransfer)) return;
    depth = Math.max(0, depth - 1);
    show(depth > 0);
  });
  root.addEventListener("dragover", (event) => {
    if (carriesFiles(event.dataTransfer)) event.preventDefault();
  });
  root.addEventListener("drop", (event) => {
    depth = 0;
    show(false);
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    const files = filesFrom(event.dataTransfer);
    if (files.length > 0) tell(root, "files-chosen", { files });
  });
}
