/** Draws the stage: image, heatmap layer and box, in one pane or two. */

import { colour, mapOf, spread } from "../heatmap.js";
import { selectedItem, shownType } from "../state.js";
import { panes, place } from "../viewport.js";
import { mapStrength } from "../words.js";

const LAYER_PX = 768; // long side of the heatmap layer on the screen; the saved one is full size

/** Return the coloured map of one type as a canvas that covers the whole image; made once. */
export function layer(layers, answer, type) {
  if (!layers.has(answer)) layers.set(answer, new Map());
  const made = layers.get(answer);
  if (!made.has(type)) {
    const map = mapOf(answer.heatmaps, type);
    made.set(type, map && paintLayer(map, answer.prediction));
  }
  return made.get(type);
}

function paintLayer(map, { width, height, box }) {
  const shrink = Math.min(1, LAYER_PX / Math.max(width, height));
  const outWidth = Math.max(1, Math.round(width * shrink));
  const outHeight = Math.max(1, Math.round(height * shrink));
  const pixels = colour(spread(map, box, { width, height, outWidth, outHeight }));
  const canvas = new OffscreenCanvas(outWidth, outHeight);
  canvas.getContext("2d").putImageData(new ImageData(pixels, outWidth, outHeight), 0, 0);
  return canvas;
}

/** Return the image's size: the server's where known, since the box is in its pixels. */
export function imageSize(stage) {
  const answer = selectedItem(stage.state)?.answer;
  if (answer) return { width: answer.prediction.width, height: answer.prediction.height };
  const { naturalWidth, naturalHeight } = stage.picture;
  return { width: naturalWidth || 1, height: naturalHeight || 1 };
}

export function paint(stage, layerOf) {
  const { canvas, picture, size, state } = stage;
  const context = canvas.getContext("2d");
  const ratio = canvas.width / Math.max(size.width, 1);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture || !state) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.imageSmoothingQuality = "high";
  const answer = selectedItem(state)?.answer ?? null;
  const all = panes(state.mode, size.width, size.height);
  all.forEach((pane, index) => {
    context.save();
    context.beginPath();
    context.rect(pane.left, pane.top, pane.width, pane.height);
    context.clip();
    context.translate(pane.left, pane.top);
    const withMap = answer && index === all.length - 1;
    const map = withMap ? layerOf(answer, shownType(state)) : null;
    paintPane(context, { stage, pane, answer, map });
    context.restore();
  });
}

function paintPane(context, { stage, pane, answer, map }) {
  const { picture, state, shown } = stage;
  const image = imageSize(stage);
  const at = place(state.view, image, pane);
  const [width, height] = [image.width * at.scale, image.height * at.scale];
  context.drawImage(picture, at.left, at.top, width, height);
  if (map) {
    context.globalAlpha = state.opacity * shown * mapStrength(shownType(state), answer.prediction);
    context.drawImage(map, at.left, at.top, width, height);
    context.globalAlpha = 1;
  }
  if (answer && state.showBox) paintBox(context, at, within(answer.prediction.box, image), shown);
}

/** Return the part of a box that lies in the image: it may reach outside. */
function within(box, image) {
  return {
    left: Math.max(box.left, 0), top: Math.max(box.top, 0),
    right: Math.min(box.right, image.width), bottom: Math.min(box.bottom, image.height),
  };
}

/** Draw the corners of the located cell's box, light over dark so that any ground shows them. */
function paintBox(context, at, box, shown) {
  const x = [at.left + box.left * at.scale, at.left + box.right * at.scale];
  const y = [at.top + box.top * at.scale, at.top + box.bottom * at.scale];
  const arm = Math.min(22, (x[1] - x[0]) / 4);
  context.beginPath();
  for (const [cx, sx] of [[x[0], 1], [x[1], -1]]) {
    for (const [cy, sy] of [[y[0], 1], [y[1], -1]]) {
      context.moveTo(cx, cy + sy * arm);
      context.lineTo(cx, cy);
      context.lineTo(cx + sx * arm, cy);
    }
  }
  context.globalAlpha = shown;
  for (const [colourName, width] of [["rgba(11, 7, 19, 0.75)", 5], ["#fff4f8", 2]]) {
    context.strokeStyle = colourName;
    context.lineWidth = width;
    context.stroke();
  }
  context.globalAlpha = 1;
}
