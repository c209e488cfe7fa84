const STEP = 0.01, LEAP = 0.05, PLANE_STEP = 4, DRAG = 4, GAP = 14;
const MIDDLE = 50, SWEEP_MS = 1000, MAX_ZOOM = 8, ZOOM_STEP = 1.6;

const DROPPING = "Click the photo where it has the colour you want.";

const hex = (data) => "#" + [...data].slice(0, 3).map((value) => value.toString(16).padStart(2, "0")).join("");
const inside = (value) => Math.min(1, Math.max(0, value));

export default function ({ data: [data], parentElement, setTriggerValue }) {
  const find = (selector) => parentElement.querySelector(selector);
  const section = find("section"), stage = find(".stage"), panel = find(".panel"), plane = find(".plane");
  const desk = find(".desk"), layer = find(".layer"), handle = find(".handle"), cursor = find(".cursor"), marks = find(".marks");
  const state = (section.canvas ??= { at: [0.5, 0.5], pen: [0.5, 0.5], dropping: false, cut: MIDDLE,
    zoom: 1, shift: [0, 0] });

  const send = (message) => {
    find(".note").textContent = message.act === "ask" || message.act === "select" ? "Looking up colours ..."
      : message.act === "close" ? data.note : "Colouring ...";
    // What was not answered yet goes along once more: of two quick messages the first could get lost on the way.
    state.last = Math.max(Date.now(), (state.last ?? 0) + 1);
    state.pending = [...(state.pending ?? []), { ...message, id: state.last, of: data.id }];
    setTriggerValue("act", state.pending);
  };

  const setImage = (image, url, alt) => { if (image.src !== url) image.src = url; image.alt = alt; };

  const placeAt = (event) => {
    const box = layer.getBoundingClientRect();
    return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  };

  const putCursor = ([x, y], shown) => {
    state.at = [x, y];
    Object.assign(cursor.style, { left: `${x * 100}%`, top: `${y * 100}%` });
    cursor.hidden = !shown;
  };

  const pixelOfPicture = ([x, y]) => {
    const image = find(".after"), canvas = document.createElement("canvas");
    canvas.width = canvas.height = 3;
    const pen = canvas.getContext("2d");
    pen.drawImage(image, Math.floor(x * (image.naturalWidth - 1)) - 1, Math.floor(y * (image.naturalHeight - 1)) - 1,
      3, 3, 0, 0, 3, 3);
    return hex(pen.getImageData(1, 1, 1, 1).data);
  };

  const setDropping = (on) => {
    state.dropping = on;
    stage.classList.toggle("dropping", on);
    find(".drop").setAttribute("aria-pressed", on);
    if (on) find(".note").textContent = DROPPING;
  };

  const useAt = (place) => {
    if (!data.takes_hints) return;
    if (state.dropping) {
      setDropping(false);
      return send({ act: "pin", rgb: pixelOfPicture(place) });
    }
    putCursor(place, true);
    send({ act: "ask", x: place[0], y: place[1] });
  };

  // Zoom: the layer grows about a place; marks and handle keep their size.
  const look = (zoom, shift = state.shift) => {
    state.zoom = Math.min(MAX_ZOOM, Math.max(1, zoom));
    const limit = (value) => Math.min(0, Math.max(1 - state.zoom, value));
    state.shift = shift.map(limit);
    layer.style.transform = `translate(${state.shift[0] * 100}%, ${state.shift[1] * 100}%) scale(${state.zoom})`;
    section.style.setProperty("--unzoom", 1 / state.zoom);
    stage.style.touchAction = state.zoom > 1 ? "none" : "pan-y";
    handle.style.top = `${((0.5 - state.shift[1]) / state.zoom) * 100}%`;
    find(".closer").disabled = state.zoom >= MAX_ZOOM;
    find(".farther").disabled = state.zoom <= 1;
  };
  const zoomAt = ([x, y], factor) => {
    const zoom = Math.min(MAX_ZOOM, Math.max(1, state.zoom * factor)), grown = state.zoom - zoom;
    look(zoom, [state.shift[0] + x * grown, state.shift[1] + y * grown]);
  };
  const middle = () => state.shift.map((value) => (0.5 - value) / state.zoom);

  const fingers = new Map();
  let pan = null;
  stage.onpointerdown = (event) => {
    if (event.target.closest(".mark, .handle") || event.button) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    pan = { start: [event.clientX, event.clientY], shift: state.shift, moved: false };
  };
  stage.onpointermove = (event) => {
    if (!fingers.has(event.pointerId)) return;
    const apart = () => { const [one, two] = [...fingers.values()]; return Math.hypot(one[0] - two[0], one[1] - two[1]); };
    const before = fingers.size === 2 ? apart() : 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 2) {
      pan.moved = true;
      zoomAt(placeAt(event), apart() / before);
    } else if (state.zoom > 1 && pan) {
      const box = stage.getBoundingClientRect();
      const [x, y] = [event.clientX - pan.start[0], event.clientY - pan.start[1]];
      pan.moved ||= Math.hypot(x, y) > DRAG;
      if (pan.moved) look(state.zoom, [pan.shift[0] + x / box.width, pan.shift[1] + y / box.height]);
    }
  };
  stage.onpointerup = stage.onpointercancel = stage.onpointerleave = (event) => fingers.delete(event.pointerId);
  stage.ondblclick = (event) => {
    if (event.target.closest(".mark, .handle")) return;
    zoomAt(placeAt(event), state.zoom > 1 ? 1 / MAX_ZOOM : 2.5);
    if (data.takes_hints) send({ act: "close" });
  };
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !document.fullscreenElement) return;  // the page scrolls
    event.preventDefault();
    zoomAt(placeAt(event), Math.exp(-event.deltaY / 300));
  }, { passive: false, signal: (state.wheel?.abort(), state.wheel = new AbortController()).signal });
  find(".closer").onclick = () => zoomAt(middle(), ZOOM_STEP);
  find(".farther").onclick = () => zoomAt(middle(), 1 / ZOOM_STEP);
  find(".full").onclick = () => (document.fullscreenElement ? document.exitFullscreen() : section.requestFullscreen());
  find(".full").hidden = !document.fullscreenEnabled;

  stage.onclick = (event) => {
    if (event.target.closest(".mark, .handle") || pan?.moved) return;
    useAt(placeAt(event));
  };
  stage.onkeydown = (event) => {
    if (event.target !== stage || !data.takes_hints) return;
    const step = event.shiftKey ? LEAP : STEP;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) {
      event.preventDefault();
      putCursor([inside(state.at[0] + moves[event.key][0]), inside(state.at[1] + moves[event.key][1])], true);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      useAt(state.at);
    } else if (["+", "=", "-", "0"].includes(event.key)) {
      event.preventDefault();
      zoomAt(state.at, { "-": 1 / ZOOM_STEP, 0: 1 / MAX_ZOOM }[event.key] ?? ZOOM_STEP);
    } else if (event.key === "Escape") {
      setDropping(false);
      send({ act: "close" });
    }
  };

  const drag = (mark, index) => {
    let start = null, moved = false;
    mark.onpointerdown = (event) => {
      if (state.dropping || event.button) return;
      start = [event.clientX, event.clientY];
      moved = false;
      mark.setPointerCapture(event.pointerId);
    };
    mark.onpointermove = (event) => {
      if (!start) return;
      moved ||= Math.hypot(event.clientX - start[0], event.clientY - start[1]) > DRAG;
      if (!moved) return;
      const [x, y] = placeAt(event);
      Object.assign(mark.style, { left: `${x * 100}%`, top: `${y * 100}%` });
    };
    mark.onpointercancel = () => { start = null; };
    mark.onpointerup = (event) => {
      if (!start) return;
      start = null;
      const [x, y] = placeAt(event);
      if (moved) send({ act: "move", index, x, y });
    };
    mark.onclick = (event) => {
      event.stopPropagation();
      if (state.dropping) return useAt(placeAt(event));
      if (!moved) send({ act: "select", index });
      moved = false;
    };
    mark.onkeydown = (event) => {
      const step = event.shiftKey ? LEAP : STEP, { x, y } = data.hints[index];
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (moves[event.key]) {
        event.preventDefault();
        state.focus = index;
        const place = [inside(x + moves[event.key][0]), inside(y + moves[event.key][1])];
        Object.assign(mark.style, { left: `${place[0] * 100}%`, top: `${place[1] * 100}%` });
        [data.hints[index].x, data.hints[index].y] = place;
        clearTimeout(state.moving);
        state.moving = setTimeout(() => send({ act: "move", index, x: place[0], y: place[1] }), 250);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        send({ act: "remove", index });
      }
    };
  };

  const showMarks = () => {
    marks.replaceChildren(...data.hints.map((hint, index) => {
      const mark = Object.assign(document.createElement("button"), { type: "button", className: "mark" });
      mark.setAttribute("aria-label", `Point ${index + 1}, ${hint.rgb}: arrow keys move it, Delete removes it`);
      mark.setAttribute("aria-pressed", index === data.selected);
      mark.style.setProperty("--own", hint.rgb);
      Object.assign(mark.style, { left: `${hint.x * 100}%`, top: `${hint.y * 100}%` });
      drag(mark, index);
      return mark;
    }));
    if (state.focus !== undefined) marks.children[state.focus]?.focus();
    state.focus = undefined;
  };

  const drawPlane = () => {
    const pen = plane.getContext("2d");
    pen.clearRect(0, 0, plane.width, plane.height);
    if (state.slice?.complete) pen.drawImage(state.slice, 0, 0, plane.width, plane.height);
    const [x, y] = [state.pen[0] * plane.width, state.pen[1] * plane.height];
    for (const [color, width] of [["#000", 4], ["#fff", 2]]) {
      Object.assign(pen, { strokeStyle: color, lineWidth: width });
      pen.beginPath();
      pen.arc(x, y, 6, 0, 2 * Math.PI);
      pen.stroke();
    }
  };

  const colorOfPlane = ([x, y]) => {  // the nearest on the way to grey that there is
    const canvas = Object.assign(document.createElement("canvas"), { width: plane.width, height: plane.height });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(state.slice, 0, 0, plane.width, plane.height);
    for (let share = 1; share >= 0; share -= 0.01) {
      const place = [0.5 + (x - 0.5) * share, 0.5 + (y - 0.5) * share];
      const found = pen.getImageData(Math.min(plane.width - 1, Math.floor(place[0] * plane.width)),
        Math.min(plane.height - 1, Math.floor(place[1] * plane.height)), 1, 1).data;
      if (found[3] === 255) return [hex(found), place];
    }
    return ["#808080", [0.5, 0.5]];
  };

  const usePlane = async (place) => {
    await state.slice.decode();
    const [rgb, at] = colorOfPlane(place);
    state.pen = at;
    drawPlane();
    send({ act: "pin", rgb });
  };

  plane.onpointerdown = (event) => {
    const box = plane.getBoundingClientRect();
    usePlane([inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)]);
  };
  plane.onkeydown = (event) => {
    const step = PLANE_STEP / plane.width, [x, y] = state.pen;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) {
      event.preventDefault();
      state.pen = [inside(x + moves[event.key][0]), inside(y + moves[event.key][1])];
      drawPlane();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      usePlane(state.pen);
    }
  };

  // On a phone the panel is a sheet at the bottom: the point comes to stand above it.
  const showPointAboveSheet = () => {
    if (getComputedStyle(panel).position !== "fixed") return;
    const box = layer.getBoundingClientRect(), y = box.top + data.point.y * box.height;
    const excess = y - (innerHeight - panel.offsetHeight - 3 * GAP);
    if (excess > 0) section.getRootNode().host.closest(".stMain")?.scrollBy({ top: excess });
  };

  const swatch = ({ rgb, name, chance }) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const patch = document.createElement("i"), text = document.createElement("span");
    patch.style.background = rgb;
    text.textContent = chance ? `${name} ${chance}` : name;
    button.append(patch, text);
    button.dataset.rgb = rgb;
    button.setAttribute("aria-pressed", data.hints[data.selected]?.rgb === rgb);
    button.onclick = () => send({ act: "pin", rgb });
    return button;
  };

  const showGroups = () => {
    find(".presets").replaceChildren(...data.point.groups.map(({ title, colors }) => {
      const group = Object.assign(document.createElement("details"), { open: false });
      const list = Object.assign(document.createElement("div"), { className: "swatches" });
      group.append(Object.assign(document.createElement("summary"), { textContent: title }), list);
      list.append(...colors.map(swatch));
      return group;
    }));
  };

  const showPanel = () => {
    const was = panel.hidden, had = panel.contains(section.getRootNode().activeElement);
    panel.hidden = !data.point;
    find(".idle").hidden = !!data.point || !data.takes_hints;
    cursor.hidden = !data.point || data.selected !== null;
    if (!data.point) {
      setDropping(false);
      if (had) (marks.children[data.hints.length - 1] ?? stage).focus({ preventScroll: true });
      return;
    }
    if (data.selected === null) putCursor([data.point.x, data.point.y], true);
    find(".head strong").textContent = data.selected === null ? "Pin a colour here" : `Point ${data.selected + 1}`;
    find(".why").textContent = data.point.likely.length ? "Likely here, by the model:" : "";
    find(".any").textContent = "Any colour of this lightness:";
    find(".likely").replaceChildren(...data.point.likely.map(swatch));
    showGroups();
    find(".refused").textContent = data.point.refused;
    plane.setAttribute("aria-label",
      "All colours of this lightness: grey in the middle, red right, green left, yellow above, blue below");
    if (state.slice?.src !== data.point.plane) {
      state.slice = Object.assign(new Image(), { src: data.point.plane });
      state.slice.onload = drawPlane;
    }
    state.pen = data.point.own ?? [0.5, 0.5];
    drawPlane();
    find(".remove").hidden = data.selected === null;
    if (was || had) (find(".likely button") ?? find(".close")).focus({ preventScroll: true });
    showPointAboveSheet();
  };

  find(".close").onclick = () => send({ act: "close" });
  find(".drop").onclick = () => setDropping(!state.dropping);
  find(".remove").onclick = () => send({ act: "remove", index: data.selected });
  for (const name of ["undo", "redo", "clear"]) find(`.${name}`).onclick = () => send({ act: name });
  panel.onkeydown = (event) => { if (event.key === "Escape") { setDropping(false); send({ act: "close" }); } };

  const cut = (value) => {
    state.cut = Math.min(100, Math.max(0, value));
    section.style.setProperty("--cut", `${state.cut}%`);
    handle.setAttribute("aria-valuenow", Math.round(state.cut));
    handle.setAttribute("aria-valuetext", `${Math.round(state.cut)} % ${data.left}`);
  };
  handle.setAttribute("aria-label", `Divide between ${data.left} and ${data.right}`);
  handle.onpointerdown = (event) => {
    event.stopPropagation();
    cancelAnimationFrame(state.sweep);
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (moved) => cut(placeAt(moved)[0] * 100);
  };
  handle.onpointerup = handle.onpointercancel = () => { handle.onpointermove = null; };
  handle.onkeydown = (event) => {
    const step = event.shiftKey ? 10 : 2;
    const ways = { ArrowLeft: state.cut - step, ArrowDown: state.cut - step, ArrowRight: state.cut + step,
      ArrowUp: state.cut + step, Home: 0, End: 100 };
    if (!(event.key in ways)) return;
    event.preventDefault();
    cut(ways[event.key]);
  };

  // The photo is grey at first, and its colours come in once, from the right to the middle.
  const sweep = () => {
    cancelAnimationFrame(state.sweep);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return cut(MIDDLE);
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - start) / SWEEP_MS));
      cut(100 - (100 - MIDDLE) * (1 - (1 - part) ** 3));
      if (part < 1) state.sweep = requestAnimationFrame(step);
    };
    cut(100);
    state.sweep = requestAnimationFrame(step);
  };

  state.pending = (state.pending ?? []).filter((message) => message.of === data.id && message.id > data.answered);
  if (state.id !== data.id) {
    state.id = data.id;
    look(1, [0, 0]);
    setDropping(false);
    sweep();
  } else cut(state.cut);
  section.style.setProperty("--ratio", data.width / data.height);
  section.classList.toggle("plain", !data.takes_hints);
  find(".idle").textContent = data.hint;
  stage.classList.toggle("takes", data.takes_hints);
  stage.setAttribute("aria-label", data.takes_hints
    ? "The coloured photo: arrow keys move the place, Enter asks for colours there" : "The coloured photo");
  setImage(find(".after"), data.after, data.alt);
  setImage(find(".before"), data.before, "");
  find(".left").textContent = data.left;
  find(".right").textContent = data.right;
  find(".undo").disabled = !data.can_undo;
  find(".redo").disabled = !data.can_redo;
  find(".clear").disabled = !data.hints.length;
  for (const name of [".undo", ".redo", ".clear"]) find(name).hidden = name === ".clear" && !data.takes_hints;
  showMarks();
  showPanel();
  find(".note").textContent = state.dropping ? DROPPING : data.note;
}
