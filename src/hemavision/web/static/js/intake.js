/** Files out of a drop, a paste, a picker or another page; and whether the browser can show one. */

const [DATABASE, STORE, KEY] = ["hemavision-handover", "files", "last"];

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

/** Keep files for the next page of this browser that asks, for one look: nothing stays. */
export async function handOver(files) {
  await within("readwrite", (store) => store.put(files, KEY));
}

/** Return what was handed over, once; none where there is nothing, or the browser keeps nothing. */
export async function takeOver() {
  try {
    const files = await within("readonly", (store) => store.get(KEY));
    await within("readwrite", (store) => store.delete(KEY));
    return files ?? [];
  } catch {
    return [];
  }
}

async function within(mode, act) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
