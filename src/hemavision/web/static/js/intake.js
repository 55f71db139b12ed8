/** Files out of a drop, a paste or a picker; and whether the browser can show one. */

/** Return the files of a DataTransfer that could be images; text and links are left out. */
export function filesFrom(transfer) {
  return [...(transfer?.files ?? [])];
}

/** Say whether a drag carries files (their names are hidden until the drop). */
export function carriesFiles(transfer) {
  return [...(transfer?.types ?? [])].includes("Files");
}

/** Return records for the store: {file, name, url}; a pasted image has no name of its own. */
export function toRecords(files, pasted = false) {
  return files.map((file) => ({
    file,
    name: pasted && /^image\.\w+$/.test(file.name) ? `pasted-${file.name}` : file.name,
    url: URL.createObjectURL(file),
  }));
}

/** Resolve to a decoded picture, or to null where the browser cannot show it. */
export async function decode(url) {
  const picture = new Image();
  picture.src = url;
  return picture.decode().then(() => picture, () => null);
}
