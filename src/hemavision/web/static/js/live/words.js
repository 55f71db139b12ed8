/** Everything the live page says. Pure. */

import { _, n_, number, percentage, said, title, typeWords, whole } from "../words.js";

const CAMERA_TROUBLE = {
  insecure: [_("The browser gives no camera to this address"),
    _("A page that came without encryption may use a camera only on this computer itself: open it as http://localhost, or put a proxy with HTTPS in front of the server.")],
  unsupported: [_("This browser offers no camera"),
    _("Use a current Chrome, Edge, Firefox or Safari.")],
  NotAllowedError: [_("The camera is not allowed"),
    _("Allow it for this page in the browser's address bar or settings, then start again.")],
  NotFoundError: [_("There is no camera"),
    _("Connect one and start again. A microscope's camera must appear to the system as a webcam.")],
  NotReadableError: [_("The camera cannot be opened"),
    _("Another program may be using it: close that and start again.")],
  OverconstrainedError: [_("The chosen camera is gone"), _("Choose another one.")],
  ended: [_("The camera has stopped"),
    _("It was unplugged or taken by another program. What was counted is kept: connect it and start again.")],
};

/** Return {title, detail} for what getUserMedia threw, or for a named trouble of ours. */
export function cameraTrouble(name) {
  const [words, detail] = CAMERA_TROUBLE[name]
    ?? [_("The camera cannot be used"), _("The browser says: {name}. Try another camera.", { name })];
  return { title: words, detail };
}

/** Return {title, detail} for a server that does not answer, or answers with a problem. */
export function serverTrouble(trouble, waitS) {
  const again = waitS > 0 ? _("Trying again in {seconds} s.", { seconds: waitS }) : _("Trying again now.");
  if (!trouble?.status) {
    return { title: _("The server does not answer"), detail: `${_("The camera goes on and the count is kept.")} ${again}` };
  }
  return { title: said(trouble.title), detail: `${said(trouble.detail)} ${again}` };
}

/** Return what a screen reader hears of the count. */
export function countWords({ white, types, unfamiliar }) {
  const named = types.filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${typeWords(name)}`);
  if (unfamiliar) named.push(_("{n} unfamiliar", { n: unfamiliar }));
  const cells = n_("{n} white cell", "{n} white cells", white, { n: whole(white) });
  return `${cells}${named.length ? `: ${named.join(", ")}` : ""}.`;
}

/** Return the line under the bars: red cells, platelets. */
export function othersWords({ red, platelets }) {
  return _("{red} and {platelets} passed by, each counted once.", {
    red: n_("{n} red cell", "{n} red cells", red, { n: whole(red) }),
    platelets: n_("{n} platelet", "{n} platelets", platelets, { n: whole(platelets) }),
  });
}

/** Return "12.4" frames a second, or a dash. */
export function rateWords(framesASecond) {
  return framesASecond === null ? "–" : number(framesASecond, 1);
}

/** Return whole milliseconds, or a dash. */
export function millisecondsWords(milliseconds) {
  return milliseconds === null ? "–" : String(Math.round(milliseconds));
}

/** Return a label's text: "Neutrophil 97%"; unfamiliar cells get no name. */
export function labelWords(name, confidence, status) {
  if (!name) return _("White cell");
  if (status === "unfamiliar") return _("Unfamiliar");
  return `${title(name)} ${percentage(Math.round(confidence * 100))}`;
}

/** Return a camera's name for the list, where the browser tells it. */
export function cameraName(label, position) {
  return label.replace(/ \([0-9a-f]{4}:[0-9a-f]{4}\)$/, "") || _("Camera {number}", { number: position + 1 });
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
  if (!white) return _("A cell counts when it was seen whole in three frames.");
  const parts = [];
  if (check) parts.push(_("{n} to check", { n: check }));
  if (unfamiliar) parts.push(_("{n} unlike what the model knows, under no type", { n: unfamiliar }));
  return parts.length ? `${parts.join("; ")}.` : _("All named confidently.");
}

/** Return what is said after a snapshot. */
export function savedWords(name) {
  return _("Saved {name}.png and {name}.json.", { name });
}
