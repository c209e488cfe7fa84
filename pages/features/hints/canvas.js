const STEP = 0.01, LEAP = 0.05, PLANE_STEP = 4, DRAG = 4, GAP = 14;

const DROPPING = "Click the picture where it has the colour you want.";

const hex = (data) => "#" + [...data].slice(0, 3).map((value) => value.toString(16).padStart(2, "0")).join("");
const inside = (value) => Math.min(1, Math.max(0, value));

export default function ({ data: [data], parentElement, setTriggerValue }) {
  const find = (selector) => parentElement.querySelector(selector);
  const section = find("section"), stage = find(".stage"), panel = find(".panel"), plane = find(".plane");
  const desk = find(".desk"), range = find(".divide input"), cursor = find(".cursor"), marks = find(".marks");
  const state = (section.canvas ??= { at: [0.5, 0.5], pen: [0.5, 0.5], dropping: false });

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
    const box = stage.getBoundingClientRect();
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

  stage.onclick = (event) => { if (!event.target.closest(".mark")) useAt(placeAt(event)); };
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

  const putPanel = () => {
    panel.style.left = panel.style.top = "";
    if (panel.hidden || getComputedStyle(panel).position === "static") return;
    const room = desk.getBoundingClientRect(), box = panel.getBoundingClientRect();
    const x = data.point.x * room.width, y = data.point.y * stage.clientHeight;
    const left = x + GAP + box.width <= room.width ? x + GAP + 6 : Math.max(0, x - GAP - 6 - box.width);
    const top = Math.max(0, Math.min(y - box.height / 2, stage.clientHeight - box.height));
    Object.assign(panel.style, { left: `${left}px`, top: `${top}px` });
  };

  const showPanel = () => {
    panel.hidden = !data.point;
    cursor.hidden = !data.point || data.selected !== null;
    if (!data.point) { setDropping(false); return; }
    if (data.selected === null) putCursor([data.point.x, data.point.y], true);
    find(".head strong").textContent = data.selected === null ? "Pin a colour here" : `Point ${data.selected + 1}`;
    find(".why").textContent = data.point.likely.length ? "Likely here, by the model:" : "";
    find(".any").textContent = "Any colour of this lightness:";
    const likely = find(".likely"), focused = [...likely.children].indexOf(likely.querySelector(":focus"));
    likely.replaceChildren(...data.point.likely.map(({ rgb, chance }) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      const patch = document.createElement("i"), text = document.createElement("span");
      patch.style.background = rgb;
      text.textContent = chance;
      button.append(patch, text);
      button.setAttribute("aria-label", `${rgb}, likely to ${chance}`);
      button.setAttribute("aria-pressed", data.hints[data.selected]?.rgb === rgb);
      button.onclick = () => send({ act: "pin", rgb });
      return button;
    }));
    if (focused >= 0) (likely.children[focused] ?? find(".close")).focus({ preventScroll: true });
    plane.setAttribute("aria-label",
      "All colours of this lightness: grey in the middle, red right, green left, yellow above, blue below");
    if (state.slice?.src !== data.point.plane) {
      state.slice = Object.assign(new Image(), { src: data.point.plane });
      state.slice.onload = drawPlane;
    }
    state.pen = data.point.own ?? [0.5, 0.5];
    drawPlane();
    find(".remove").hidden = data.selected === null;
    putPanel();
  };

  find(".close").onclick = () => send({ act: "close" });
  find(".drop").onclick = () => setDropping(!state.dropping);
  find(".remove").onclick = () => send({ act: "remove", index: data.selected });
  for (const name of ["undo", "redo", "clear"]) find(`.${name}`).onclick = () => send({ act: name });
  panel.onkeydown = (event) => { if (event.key === "Escape") { setDropping(false); send({ act: "close" }); } };

  const cut = () => {
    section.style.setProperty("--cut", `${range.value}%`);
    find(".line").hidden = range.value === "0";
    range.setAttribute("aria-valuetext", `${range.value} % ${data.left}`);
  };
  range.oninput = cut;
  range.setAttribute("aria-label", `Divide between ${data.left} and ${data.right}`);

  state.pending = (state.pending ?? []).filter((message) => message.of === data.id && message.id > data.answered);
  if (state.id !== data.id) {
    state.id = data.id;
    range.value = 0;
    setDropping(false);
  }
  cut();
  // As large as leaves its tools in view.
  const width = `min(100%, calc(max(18rem, 100vh - 21rem) * ${data.width / data.height}))`;
  for (const part of [".desk", ".divide", ".tools"]) find(part).style.width = width;
  stage.style.aspectRatio = `${data.width} / ${data.height}`;
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
  find(".tools").hidden = !data.takes_hints;
  showMarks();
  showPanel();
  find(".note").textContent = state.dropping ? DROPPING : data.note;
}
