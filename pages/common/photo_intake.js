const MOST_GIVEN = 20, MOST_TRIES = 3, PATIENCE_MS = 20_000, REST_MS = 300, LOST_MS = 3_000, RETRY_MS = 50;
const UPLOADER = ".st-key-intake input[type=file]";
const PART_FILES = 8, PART_BYTES = 24e6, UPLOAD_MS = 600_000;  // of an album, which is sent in parts

const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

const pause = () => new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });

export default function ({ parentElement, setTriggerValue, setStateValue, data }) {
  const find = (selector) => parentElement.querySelector(selector);
  const section = find("section"), dialog = find("dialog"), video = find("video");
  const uploader = () => {  // of the photo before there may still be one, which nobody listens to any more
    const all = [...document.querySelectorAll(UPLOADER)];
    return all.findLast((input) => !input.closest("[data-stale=true]")) ?? all.at(-1);
  };
  // A run of the page may put another uploader in the place of this one, which loses what it is sending.
  const isAtRest = () => document.querySelector("[data-test-script-state]")?.dataset.testScriptState === "notRunning";
  const uploaderAtRest = async () => {
    for (let waited = 0, rested = 0; waited < UPLOAD_MS && rested < REST_MS; waited += RETRY_MS) {
      if (waited >= PATIENCE_MS && uploader()) break;  // none: the visitor closed what it is in, and may open it again
      rested = isAtRest() && uploader() ? rested + RETRY_MS : 0;
      await pause();
    }
    return uploader();
  };
  const tell = (text) => { find("p").textContent = text; };

  const megabytes = (count) => (count / 1e6).toFixed(1);
  const refuse = (large, surplus) => {
    section.refusal = [...large.map((file) => `${file.name} has ${megabytes(file.size)} MB, more than the limit of `
      + `${megabytes(data.maxBytes)} MB; make the photo smaller, or save it as JPEG.`),
      ...surplus.length ? [`${surplus.length === 1 ? surplus[0].name : `${surplus.length} photos`} not sent: `
        + `an album holds at most ${data.most_photos} photos or ${megabytes(data.most_bytes)} MB here.`] : []].join(" ");
    tell(section.refusal);
    if (section.refusal) setTriggerValue("refused", true);
  };
  // A run may build the uploader anew, and what it was sending is gone, or Streamlit's server never says where a file is
  // to be sent (see session_queue.py). So what the server has not taken in is sent once more; what comes twice is one
  // photo there.
  const hand = (part, input) => {
    const box = new DataTransfer();
    for (const file of part) box.items.add(file);
    input.files = box.files;
    input.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: "checked" }));
  };
  const isOnItsWay = (input) => input.isConnected
    && [...input.closest("[data-testid=stFileUploader]").querySelectorAll("[data-testid=stFileChip]")]
      .some((chip) => !chip.querySelector("[data-testid=stFileChipIconError]"));
  const deliver = async (part) => {
    let before = document.photosTaken, input;
    const isTaken = () => {
      before = Math.min(before, document.photosTaken);  // another server has begun to count anew
      return document.photosTaken > before;
    };
    for (let tries = 0; tries < MOST_TRIES && (input = await uploaderAtRest()) && !isTaken(); tries += 1) {
      hand(part, input);
      for (let waited = 0, idle = 0; waited < UPLOAD_MS && idle < LOST_MS && !isTaken(); waited += RETRY_MS) {
        await pause();
        if (isOnItsWay(input)) idle = 0;
        else if (isAtRest()) idle += RETRY_MS;
      }
    }
    return isTaken();
  };
  // Several photos go one part after the other: the first are worked on while the others are on their way, and the
  // server holds none of them twice.
  const nextPart = (files) => {
    const part = [files.shift()];
    let bytes = part[0].size;
    while (files.length && part.length < PART_FILES && (bytes += files[0].size) <= PART_BYTES) part.push(files.shift());
    return part;
  };
  const show = () => tell([section.progress, section.refusal].filter(Boolean).join(" "));
  const sendAll = async (files, isQuiet) => {
    const all = files.length;
    let isInParts = false, end = "";
    try {
      for (let sent = 0; files.length;) {
        const part = nextPart(files);
        isInParts ||= files.length > 0;
        if (isInParts) setStateValue("part", sent ? "next" : "first");
        const doing = isInParts ? `photos ${sent + 1} to ${sent + part.length} of ${all}`
          : all === 1 ? part[0].name : `${all} photos`;
        section.progress = isQuiet ? "" : `Sending ${doing} ...`;
        show();
        if (!await deliver(part)) {
          const rest = isInParts ? `photos ${sent + 1} to ${all} of ${all}` : doing;
          section.refusal = `Could not send ${rest}: reload the page, and choose ${all === 1 ? "it" : "them"} again.`;
          end = "lost";  // so that the sentence stays in view
          break;
        }
        sent += part.length;
      }
    } finally {
      if (isInParts) setStateValue("part", end);  // what is given next does not belong to these
      section.progress = "";
      show();
    }
  };
  const give = async (given, isQuiet = false) => {
    const files = [...given];  // a list of the browser's own is empty after the event
    const fitting = files.filter((file) => file.size <= data.maxBytes), small = [], surplus = [];
    let bytes = 0;
    for (const file of fitting) {
      const fits = small.length < data.photos && bytes + file.size <= data.bytes;
      if (fits) bytes += file.size;
      (fits ? small : surplus).push(file);
    }
    refuse(files.filter((file) => file.size > data.maxBytes), surplus);
    if (!small.length) return;
    document.givenPhotos = [...document.givenPhotos ?? [], ...small].slice(-MOST_GIVEN);  // for the strip to keep
    section.sending = (section.sending ?? Promise.resolve()).then(() => sendAll(small, isQuiet)).catch(() => {});
    await section.sending;
  };
  document.photosTaken = data.taken;
  show();  // what it says outlasts the runs of the page that other photos bring, until the next is given

  // A dialog stays open as long as one likes, and the uploader may be another by then: this field is always the same.
  const chooser = section.chooser ??= Object.assign(document.createElement("input"), { type: "file", multiple: true });
  chooser.onchange = () => {
    give(chooser.files);
    chooser.value = "";  // so that the same file can be chosen again
  };
  find(".choose").onclick = () => chooser.click();

  const close = () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    dialog.close();
  };
  find(".camera").onclick = async () => {
    if (matchMedia("(pointer: coarse)").matches) {  // a phone's own camera is better than a picture of its stream
      const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
      input.setAttribute("capture", "environment");
      input.onchange = () => give(input.files);
      return input.click();
    }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
      dialog.showModal();
    } catch {
      tell("No camera can be used here. Allow it in the browser, or choose a photo.");
    }
  };
  find(".cancel").onclick = close;
  dialog.oncancel = close;
  find(".shoot").onclick = () => {
    const canvas = Object.assign(document.createElement("canvas"),
      { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => { give([new File([blob], "camera.jpg", { type: "image/jpeg" })]); }, "image/jpeg", 0.95);
    close();
  };

  // Anywhere on the page; only fields that take files or text of their own keep what is meant for them.
  const isOther = (event) => event.target.closest?.("[data-testid=stFileUploader]");
  const over = (event) => {
    if (!holds(event) || isOther(event)) return;
    event.preventDefault();
    section.classList.add("over");
  };
  const leave = (event) => { if (!event.relatedTarget) section.classList.remove("over"); };
  const drop = (event) => {
    section.classList.remove("over");
    if (!holds(event) || isOther(event)) return;
    event.preventDefault();
    give(event.dataTransfer.files);
  };
  const paste = (event) => {
    if (event.composedPath().some((node) => ["INPUT", "TEXTAREA"].includes(node.tagName))) return;
    const files = event.clipboardData?.files ?? [], text = event.clipboardData?.getData("text").trim() ?? "";
    if (files.length) give(files);
    else if (/^https?:\/\/\S[^\r\n]*$/.test(text)) setTriggerValue("link", text);
    else return;
    event.preventDefault();
  };
  section.abort?.abort();
  section.abort = new AbortController();
  const { signal } = section.abort;
  // Streamlit would refuse a large file too, in its own uploader, which is not shown.
  const choose = (event) => {  // of the uploader that a run is about to replace, too
    if (!event.target.matches?.(UPLOADER) || event.detail === "checked") return;
    event.stopImmediatePropagation();
    give([...event.target.files]);
  };
  document.addEventListener("change", choose, { signal, capture: true });
  const returned = (event) => {  // from the browser's own store
    event.preventDefault();
    give([event.detail], true);  // nobody asked for it: there is nothing to wait for, and no line that moves the page
  };
  document.addEventListener("photo-returned", returned, { signal });
  for (const [name, listener] of Object.entries({ dragover: over, dragleave: leave, drop, paste })) {
    document.addEventListener(name, listener, { signal });
  }
  return () => section.abort.abort();
}
