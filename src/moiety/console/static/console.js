// What adds comfort to pages that work without it: the camera, a copied key, and where the focus goes.
// A picture is a frame in memory that goes into the form as a file; nothing is stored, and the camera is let go at once.
"use strict";

const STILL_QUALITY = 0.92;
const SIDE_MAX = 1600;

function camera(box) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const [video, still, empty, state] = ["video", "still", "empty", "state"].map(part);
  const [start, shoot, again] = ["start", "shoot", "again"].map(part);
  const input = box.querySelector("input[type=file]");
  let stream = null;

  const say = (name) => { state.textContent = name ? box.dataset[name] : ""; };
  const see = (...shown) => [video, still, empty].forEach((one) => { one.hidden = !shown.includes(one); });
  const offer = (...shown) => [start, shoot, again].forEach((one) => { one.hidden = !shown.includes(one); });

  function release() {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
  }

  function clear() {
    release();
    still.width = still.height = 0;
    input.value = "";
    see(empty);
    offer(start);
    say("");
  }

  async function begin() {
    clear();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "user", width: { ideal: 1280 } } });
    } catch (error) {
      say(error.name === "NotFoundError" ? "sayNone" : "sayRefused");
      return;
    }
    video.srcObject = stream;
    await video.play();
    see(video);
    offer(shoot);
    say("sayOn");
    shoot.focus();
  }

  function take() {
    const scale = Math.min(1, SIDE_MAX / Math.max(video.videoWidth, video.videoHeight));
    still.width = Math.round(video.videoWidth * scale);
    still.height = Math.round(video.videoHeight * scale);
    still.getContext("2d").drawImage(video, 0, 0, still.width, still.height);
    still.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "camera.jpg", { type: "image/jpeg" }));
      input.files = files.files;
      release();
      see(still);
      offer(again);
      say("sayTaken");
      again.focus();
    }, "image/jpeg", STILL_QUALITY);
  }

  async function choose() {
    const file = input.files[0];
    release();
    see(empty);
    offer(start);
    say("");
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
      still.width = Math.round(picture.width * scale);
      still.height = Math.round(picture.height * scale);
      still.getContext("2d").drawImage(picture, 0, 0, still.width, still.height);
      see(still);
    } catch {
      still.width = still.height = 0; // nothing was chosen, or no picture: the service says what to do
    }
  }

  part("camera").hidden = false;
  if (!window.isSecureContext || !navigator.mediaDevices) {
    start.disabled = true;
    say("sayInsecure");
  }
  start.addEventListener("click", begin);
  again.addEventListener("click", begin);
  shoot.addEventListener("click", take);
  input.addEventListener("change", choose);
  window.addEventListener("pagehide", clear);
  // What was answered is answered: the picture is let go where the page stays open.
  box.closest("form").addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) clear(); });
}

function copy(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.parentElement.querySelector("[data-copied]").textContent = button.dataset.sayCopied;
  });
}

document.querySelectorAll("[data-picture]").forEach(camera);
document.querySelectorAll("[data-copy]").forEach(copy);

// An answer that came into the page is brought into view; screen readers are told by its live region.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "answer") event.detail.target.scrollIntoView({ block: "nearest" });
});

// htmx notes the address of the page in this tab's storage; addresses name people by their pseudonyms.
document.addEventListener("DOMContentLoaded", () => sessionStorage.clear());
