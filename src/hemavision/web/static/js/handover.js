/** Pictures on their way from one page of this browser to another, for one look: nothing stays. */

const [DATABASE, STORE, KEY] = ["hemavision-handover", "files", "last"];

/** Keep files for the next page that asks. */
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
