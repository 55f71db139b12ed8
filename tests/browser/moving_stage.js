// Puts a camera into the page whose stage a test moves: it takes a frame only when it is told to.
(() => {
  const AGAIN_MS = 1000;
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  const context = canvas.getContext("2d");
  let [slide, track] = [null, null];

  navigator.mediaDevices.getUserMedia = async () => {
    slide ??= await fetch("/stage.jpg").then((response) => response.blob()).then(createImageBitmap);
    const stream = canvas.captureStream(0);
    [track] = stream.getVideoTracks();
    track.getSettings = () => ({ deviceId: "stage" });
    take({ x: 0, y: 0 }); // a video plays once it has a frame
    return stream;
  };
  navigator.mediaDevices.enumerateDevices = async () =>
    [{ kind: "videoinput", deviceId: "stage", label: "A stage that a test moves" }];

  /** Take a frame of what lies under the camera. */
  function take({ x, y }) {
    context.drawImage(slide, -x, -y);
    track.requestFrame();
  }

  /**
   * Take a frame, and resolve once it is on the screen. A page drops a frame that comes while
   * others are on their way; the next is of the same place then, as a camera's would be.
   */
  async function taken(at) {
    const element = document.querySelector(".scope");
    // The time of a frame of the browser's, as that of the camera's will be: not the time now.
    const since = await new Promise(requestAnimationFrame);
    const again = setInterval(() => take(at), AGAIN_MS);
    await new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (Number(element.dataset.taken) < since) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(element, { attributeFilter: ["data-taken"] });
      take(at);
    });
    clearInterval(again);
  }

  window.stage = {
    /** Take a frame, and wait until the page has got it. */
    async pass(at) {
      const video = document.querySelector("video");
      const presented = new Promise((resolve) => { video.requestVideoFrameCallback(resolve); });
      take(at);
      await presented;
    },
    /** Take frames one after the other; wait until each was read and reached the screen. */
    async show(places) {
      for (const at of places) await taken(at);
    },
  };
})();
