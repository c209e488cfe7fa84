const PATIENCE_MS = 60_000, RETRY_MS = 100, MOST_ASKED = 2, PEEK_PX = 40;

// What has to outlast the strip itself, which each page builds anew.
const shelf = (document.keptPhotos ??= { notes: [], done: Promise.resolve(), asked: {} });

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const keyOf = async (blob) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return [...digest.slice(0, 8)].map((value) => value.toString(16).padStart(2, "0")).join("");
};

// The file as the visitor gave it; none for a photo that came by a link, and without https no way to tell.
const givenFile = async ({ key, bytes }) => {
  for (const file of globalThis.crypto?.subtle ? document.givenPhotos ?? [] : []) {
    if (file.size === bytes && await keyOf(file).catch(() => "") === key) return file;
  }
  return null;
};

const sentFile = async ({ note, content }) =>
  content && new File([await (await fetch(`data:;base64,${content}`)).blob()], note.name);

// By the way that every photo takes: through the control that takes photos in, once that is there.
const handOver = async (file) => {
  for (let waited = 0; waited < PATIENCE_MS; waited += RETRY_MS) {
    const event = new CustomEvent("photo-returned", { detail: file, cancelable: true });
    if (!document.dispatchEvent(event)) return;
    await pause(RETRY_MS);
  }
};

export default function ({ data: [data], parentElement, setTriggerValue, setStateValue }) {
  const group = parentElement.querySelector("[role=radiogroup]");
  group.data = data;

  const giveBack = async (note) => {
    const file = await keptFile(note.key);
    setStateValue("edits", { session: data.session, key: note.key, text: note.edits ?? "" });
    await handOver(new File([file.blob], file.name, { type: file.blob.type }));
  };

  const keep = async ({ note, items }) => {
    const text = JSON.stringify(note);
    if (shelf.latest === text) return;
    const { url } = items.find(({ key }) => key === note.key), old = await noteOf(note.key);
    const fresh = { ...old, ...note, url, edits: note.edits ?? old?.edits, used: Date.now() };
    if (old) {
      await keepNote(fresh);
    } else {
      const file = await givenFile(note) ?? await sentFile(data);
      if (!file) {
        shelf.asked[note.key] = (shelf.asked[note.key] ?? 0) + 1;
        if (shelf.asked[note.key] <= MOST_ASKED) setTriggerValue("need", note.key);
        return;
      }
      await keepPhoto(fresh, file.name, new Blob([await file.arrayBuffer()], { type: file.type }));
    }
    shelf.latest = text;
  };

  const refresh = async () => {
    if (data.forget.length) {
      await forgetPhotos(data.forget);
      shelf.latest = undefined;
    }
    if (data.note) await keep(data);
    shelf.notes = await keptNotes();
    draw();
    if (!data.resumes || shelf.session === data.session) return;
    shelf.session = data.session;
    if (shelf.notes.length && !data.own) await giveBack(shelf.notes[0]);
  };

  const shown = () => {  // the visitor's photos, those that only the browser has, the samples
    const { items, own, returns } = group.data, here = new Set(items.map(({ key }) => key));
    const others = returns ? shelf.notes.filter(({ key }) => !here.has(key)) : [];
    return [...items.slice(0, own), ...others.map((note) => ({ ...note, note })), ...items.slice(own)];
  };

  const draw = () => {
    const items = shown(), names = JSON.stringify(items.map(({ key }) => key));
    if (group.names !== names) {
      group.names = names;
      group.replaceChildren(...items.map(({ name, url, note }) => {
        const button = Object.assign(document.createElement("button"), { type: "button" });
        button.title = note ? `${name}, kept in this browser` : name;
        const text = Object.assign(document.createElement("span"), { textContent: name });
        button.setAttribute("role", "radio");
        button.setAttribute("aria-label", name);
        button.append(Object.assign(new Image(), { src: url, alt: "", draggable: false }), text);
        return button;
      }));
    }
    const buttons = [...group.children];
    const pick = (place) => {
      const { key, note } = items[place];
      mark(key);
      if (note) giveBack(note).catch(() => {});
      else setTriggerValue("pick", key);
    };
    const mark = (chosen) => buttons.forEach((button, place) => {
      const isChosen = items[place].key === chosen;
      button.setAttribute("aria-checked", isChosen);
      button.tabIndex = isChosen ? 0 : -1;
      button.onclick = () => pick(place);
      button.onkeydown = (event) => {
        const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!way) return;
        event.preventDefault();
        const next = (place + way + buttons.length) % buttons.length;
        buttons[next].focus();
        pick(next);
      };
    });
    mark(group.data.chosen);
    showChosen(items);
  };

  // Scrolls the strip alone, once for each choice, and leaves a part of the next photo in view.
  const showChosen = (items) => {
    const { chosen } = group.data, button = group.children[items.findIndex(({ key }) => key === chosen)];
    const frame = group.getBoundingClientRect(), box = button?.getBoundingClientRect();
    if (!box?.width || group.shown === chosen) return;
    group.shown = chosen;
    group.scrollLeft += Math.min(0, box.left - PEEK_PX - frame.left) + Math.max(0, box.right + PEEK_PX - frame.right);
  };

  draw();
  // One after the other. Where the browser keeps nothing, all works as it does without.
  shelf.done = shelf.done.then(refresh).catch(() => {});
}
