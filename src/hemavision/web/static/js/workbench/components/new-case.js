/** The form for a new case; files come from anywhere on the page. Says `case-wanted`. */

import { role, tell, write } from "../../components/dom.js";
import { timeWords } from "../words.js";

/** Return {take(files), fail(words), wait(on), clear()}. */
export function mountNewCase(form) {
  let files = [];
  const field = (name) => form.elements.namedItem(name);

  const show = () => {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const chosen = role(form, "chosen");
    chosen.parentElement.dataset.any = String(files.length > 0);
    write(chosen, files.length
      ? `${files.length.toLocaleString("en-GB")} ${files.length === 1 ? "file" : "files"}, ${(bytes / 2 ** 20).toFixed(1)} MB`
      : "No images chosen yet; they can be added later.");
    write(role(form, "create"), files.length ? "Create and bring them in" : "Create the case");
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = field("name").value.trim() || folderOf(files) || `Case of ${timeWords(new Date().toISOString())}`;
    tell(form, "case-wanted", { name, slide: field("slide").value.trim(), files });
  });
  return {
    take(more) {
      files = [...files, ...more];
      show();
      field("name").focus();
    },
    fail(words) { write(role(form, "error"), words); },
    wait(on) { role(form, "create").disabled = on; },
    clear() {
      files = [];
      form.reset();
      write(role(form, "error"), "");
      show();
    },
  };
}

/** Return the name of the folder that files came in, or of the one archive; "" for loose files. */
function folderOf(files) {
  const folder = files[0]?.webkitRelativePath?.split("/")[0];
  if (folder) return folder;
  return files.length === 1 && /\.zip$/i.test(files[0].name) ? files[0].name.slice(0, -4) : "";
}
