/** The server's short answer → cells as the mosaic takes them. Pure. */

/** Return the cells of an answer; `signatureOf(box)` gives the look of a whole white cell. */
export function cellsOf(answer, signatureOf) {
  return answer.cells.map((cell) => {
    const { kind, box, score, cut } = cell;
    if (!cell.type) return { kind, box, score, cut };
    const { probabilities, status } = cell;
    const signature = cut ? null : signatureOf(box);
    return { kind, box, score, cut, probabilities, status, signature, heatmap: heatmapOf(cell) };
  });
}

function heatmapOf({ type, heatmap, heatmap_box: box }) {
  const values = Array.from(atob(heatmap.data), (letter) => letter.charCodeAt(0));
  return { type, values, width: heatmap.width, height: heatmap.height, box };
}
