/** Everything the live page says. Pure. */

const CAMERA_TROUBLE = {
  insecure: ["The browser gives no camera to this address",
    "A page that came without encryption may use a camera only on this computer itself: open it as http://localhost, or put a proxy with HTTPS in front of the server."],
  unsupported: ["This browser offers no camera",
    "Use a current Chrome, Edge, Firefox or Safari."],
  NotAllowedError: ["The camera is not allowed",
    "Allow it for this page in the browser's address bar or settings, then start again."],
  NotFoundError: ["There is no camera",
    "Connect one and start again. A microscope's camera must appear to the system as a webcam."],
  NotReadableError: ["The camera cannot be opened",
    "Another program may be using it: close that and start again."],
  OverconstrainedError: ["The chosen camera is gone", "Choose another one."],
  ended: ["The camera has stopped",
    "It was unplugged or taken by another program. What was counted is kept: connect it and start again."],
};

/** Return {title, detail} for what getUserMedia threw, or for a named trouble of ours. */
export function cameraTrouble(name) {
  const [title, detail] = CAMERA_TROUBLE[name]
    ?? ["The camera cannot be used", `The browser says: ${name}. Try another camera.`];
  return { title, detail };
}

/** Return {title, detail} for a server that does not answer, or answers with a problem. */
export function serverTrouble(trouble, waitS) {
  const again = waitS > 0 ? `Trying again in ${waitS} s.` : "Trying again now.";
  if (!trouble?.status) {
    return { title: "The server does not answer", detail: `The camera goes on and the count is kept. ${again}` };
  }
  return { title: trouble.title, detail: `${trouble.detail} ${again}` };
}

const number = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Return what a screen reader hears of the count. */
export function countWords({ white, types, unfamiliar }) {
  const named = types.filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name.replaceAll("_", " ")}`);
  if (unfamiliar) named.push(`${unfamiliar} unfamiliar`);
  return `${number(white, "white cell", "white cells")}${named.length ? `: ${named.join(", ")}` : ""}.`;
}

/** Return the line under the bars: red cells, platelets. */
export function othersWords({ red, platelets }) {
  return `${number(red, "red cell", "red cells")} and ${number(platelets, "platelet", "platelets")} passed by, each counted once.`;
}

/** Return "12.4" frames a second, or a dash. */
export function rateWords(framesASecond) {
  return framesASecond === null ? "–" : framesASecond.toFixed(1);
}

/** Return whole milliseconds, or a dash. */
export function millisecondsWords(milliseconds) {
  return milliseconds === null ? "–" : String(Math.round(milliseconds));
}

/** Return a label's text: "Neutrophil 97%"; unfamiliar cells get no name. */
export function labelWords(name, confidence, status) {
  if (!name) return "White cell";
  if (status === "unfamiliar") return "Unfamiliar";
  const words = name.replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} ${Math.round(confidence * 100)}%`;
}

/** Return a camera's name for the list, where the browser tells it. */
export function cameraName(label, position) {
  return label.replace(/ \([0-9a-f]{4}:[0-9a-f]{4}\)$/, "") || `Camera ${position + 1}`;
}

/** Return the start of a snapshot's file names: "hemavision-live-2026-01-31-14-05-09". */
export function snapshotName(date) {
  const two = (value) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())];
  const time = [two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())];
  return `hemavision-live-${[...day, ...time].join("-")}`;
}

/** Return what a person should do about the count: "3 to check." */
export function checkWords({ white, check, unfamiliar }) {
  if (!white) return "A cell counts when it was seen whole in three frames.";
  const parts = [];
  if (check) parts.push(`${check} to check`);
  if (unfamiliar) parts.push(`${unfamiliar} unlike what the model knows, under no type`);
  return parts.length ? `${parts.join("; ")}.` : "All named confidently.";
}

/** Return what is said after a snapshot. */
export function savedWords(name) {
  return `Saved ${name}.png and ${name}.json.`;
}
