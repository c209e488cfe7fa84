"""The coloured photo as a canvas for hints: click or tap, choose a colour, drag, remove; and a slider to the grey one.

The browser shows and tells; what is true is kept on the server (`hint_work`). Everything works by mouse, finger and
keyboard: the picture takes the arrow keys and Enter, and each hint is a button.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from colorizer.hints import Hint
from colorizer.point_colors import Paint

_HTML = """
<section>
  <div class="desk">
    <div class="stage" tabindex="0" role="application">
      <img class="after" draggable="false"><img class="before" draggable="false" alt="">
      <div class="line"></div><div class="cursor"></div><div class="marks"></div>
    </div>
    <div class="panel" role="dialog" aria-label="Colours for this point">
      <div class="head"><strong></strong><button class="close" type="button" aria-label="Close">&#10005;</button></div>
      <p class="why"></p>
      <div class="likely"></div>
      <p class="any"></p>
      <canvas class="plane" tabindex="0" role="application" width="200" height="200"></canvas>
      <button class="drop" type="button">Take a colour from the picture</button>
      <button class="remove" type="button">Remove this point</button>
    </div>
  </div>
  <label class="divide"><span class="left"></span><input type="range" min="0" max="100" step="1" value="0">
    <span class="right"></span></label>
  <div class="tools">
    <button class="undo" type="button">&#8630;&#xFE0E; Undo</button>
    <button class="redo" type="button">&#8631;&#xFE0E; Redo</button>
    <button class="clear" type="button">Clear all</button>
    <span class="note" role="status"></span>
  </div>
</section>
"""

_CSS = """
section { container-type: inline-size; font-family: var(--st-font); color: var(--st-text-color); --cut: 0%;
  font-variant-numeric: tabular-nums; }
.desk { position: relative; margin: 0 auto; }
.stage { position: relative; line-height: 0; overflow: hidden; background: #808080; user-select: none; }
.stage.takes { cursor: crosshair; }
.stage.dropping { cursor: copy; }
.stage img { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.before { clip-path: inset(0 calc(100% - var(--cut)) 0 0); }
.line { position: absolute; top: 0; bottom: 0; left: var(--cut); width: 2px; margin-left: -1px; background: #fff;
  box-shadow: 0 0 0 1px #000; pointer-events: none; }
.line[hidden], .cursor[hidden], .panel[hidden], .tools[hidden], .remove[hidden], .drop[hidden] { display: none; }
.cursor { position: absolute; width: 1.6rem; height: 1.6rem; margin: -0.8rem 0 0 -0.8rem; border-radius: 50%;
  border: 2px dashed #fff; box-shadow: 0 0 0 1px #000, inset 0 0 0 1px #000; box-sizing: border-box;
  pointer-events: none; }
.mark { position: absolute; width: 2.25rem; height: 2.25rem; margin: -1.125rem 0 0 -1.125rem; padding: 0; border: 0;
  background: none; cursor: grab; touch-action: none; }
.mark::before { content: ""; position: absolute; inset: 0.55rem; border-radius: 50%; background: var(--own);
  border: 2px solid #fff; box-shadow: 0 0 0 1px #000; }
.mark[aria-pressed=true]::before { inset: 0.35rem; box-shadow: 0 0 0 1px #000, 0 0 0 4px var(--st-primary-color); }
.panel { position: absolute; z-index: 2; width: 14.5rem; box-sizing: border-box; padding: 0.7rem 0.8rem 0.8rem;
  background: var(--st-background-color); border: 1px solid var(--st-border-color); border-radius: 0.4rem;
  box-shadow: 0 0.2rem 1rem #0006; line-height: 1.35; font-size: 0.875rem; }
.head { display: flex; justify-content: space-between; align-items: center; gap: 0.5rem; }
.panel p { margin: 0.35rem 0 0.3rem; }
.likely { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.3rem; }
.likely button { padding: 0; border: 1px solid #80808080; border-radius: 0.25rem; overflow: hidden; background: none;
  font-size: 0.7rem; line-height: 1.5; text-align: center; }
.likely i { display: block; height: 1.9rem; }
.likely button[aria-pressed=true] { border-color: var(--st-primary-color);
  box-shadow: 0 0 0 1px var(--st-primary-color); }
.plane { display: block; width: 100%; max-width: 12.5rem; height: auto; margin: 0 auto; cursor: crosshair;
  touch-action: none; background: #80808030; border-radius: 0.25rem; }
button { font: inherit; color: inherit; cursor: pointer; }
button:disabled { opacity: 0.45; cursor: default; }
.tools button, .drop, .remove { min-height: 2.25rem; padding: 0.2rem 0.75rem; border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.25rem); background: var(--st-secondary-background-color); }
.drop, .remove { width: 100%; margin-top: 0.5rem; }
.close { border: 0; background: none; padding: 0.2rem 0.4rem; }
:is(.tools button, .drop, .remove, .close, .likely button):not(:disabled):hover { border-color: var(--st-primary-color);
  color: var(--st-primary-color); }
.drop[aria-pressed=true] { border-color: var(--st-primary-color); color: var(--st-primary-color); }
.divide { display: flex; align-items: center; gap: 0.7rem; margin: 0.5rem auto 0; font-size: 0.9rem; }
.divide input { flex: 1; min-width: 0; height: 1.75rem; margin: 0; accent-color: var(--st-primary-color);
  cursor: ew-resize; }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin: 0.4rem auto 0; }
.note { flex: 1 1 12rem; font-size: 0.9rem; min-height: 1.4em; }
:is(button, input, .stage, .plane):focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
@container (max-width: 38rem) {
  .panel { position: static; width: auto; margin-top: 0.5rem; box-shadow: none; }
  .likely { grid-template-columns: repeat(8, minmax(0, 1fr)); }
  .likely span { font-size: 0.65rem; }
  .note { flex-basis: 100%; min-height: 2.8em; }
}
"""

_JS = """
const STEP = 0.01, LEAP = 0.05, PLANE_STEP = 4, DRAG = 4, GAP = 14;

const hex = (data) => "#" + [...data].slice(0, 3).map((value) => value.toString(16).padStart(2, "0")).join("");
const inside = (value) => Math.min(1, Math.max(0, value));

export default function ({ data, parentElement, setTriggerValue }) {
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
    if (on) find(".note").textContent = "Click the picture where it has the colour you want.";
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

  const usePlane = (place) => {
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
    find(".likely").replaceChildren(...data.point.likely.map(({ rgb, chance }) => {
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
  find(".note").textContent = data.note;
  showMarks();
  showPanel();
}
"""

_KEY = "hint-canvas"
_component = st.components.v2.component("hint_canvas", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Point:
    """A point that colours are offered for."""

    x: float
    y: float
    """0..1."""
    likely: Sequence[Paint]
    plane: NDArray[np.uint8]
    """(side, side, 4): all colours of its lightness."""
    own: tuple[float, float] | None
    """Where in the plane its present colour lies, 0..1."""


@dataclass(frozen=True)
class Canvas:
    """What is shown."""

    id: str
    """With another one the slider goes back."""
    alt: str
    after: bytes
    before: bytes
    """Encoded previews of one size."""
    titles: tuple[str, str]
    """Of before and after."""
    size: tuple[int, int]
    """Width and height, for the aspect ratio."""
    takes_hints: bool
    hints: Sequence[Hint]
    places: Sequence[tuple[float, float]]
    """Of the hints, 0..1."""
    selected: int | None
    point: Point | None
    answered: int
    """Up to which message of the browser all are done."""
    can_undo: bool
    can_redo: bool
    note: str


def _url(content: bytes) -> str:
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _plane_url(plane: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(plane, "RGBA").save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def hex_of(rgb: tuple[int, int, int]) -> str:
    """(255, 0, 0) -> "#ff0000"."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _percent(chance: float) -> str:
    return f"{chance:.0%}" if chance >= 0.01 else "< 1%"


def _point_data(point: Point) -> dict[str, Any]:
    likely = [{"rgb": hex_of(paint.rgb), "chance": _percent(paint.chance)} for paint in point.likely]
    return {"x": point.x, "y": point.y, "likely": likely, "plane": _plane_url(point.plane), "own": point.own}


def show_canvas(canvas: Canvas, on_act: Callable[[Any], None]) -> None:
    """Show it; `on_act` is called with the browser's messages before the page runs anew."""

    def told() -> None:
        message = st.session_state[_KEY].get("act")
        if message is not None:
            on_act(message)

    hints = [
        {"x": x, "y": y, "rgb": hex_of(hint.rgb)} for hint, (x, y) in zip(canvas.hints, canvas.places, strict=True)
    ]
    left, right = canvas.titles
    _component(
        key=_KEY,
        data={
            "id": canvas.id,
            "alt": canvas.alt,
            "after": _url(canvas.after),
            "before": _url(canvas.before),
            "left": left,
            "right": right,
            "width": canvas.size[0],
            "height": canvas.size[1],
            "takes_hints": canvas.takes_hints,
            "hints": hints,
            "selected": canvas.selected,
            "point": _point_data(canvas.point) if canvas.point else None,
            "answered": canvas.answered,
            "can_undo": canvas.can_undo,
            "can_redo": canvas.can_redo,
            "note": canvas.note,
        },
        on_act_change=told,
    )
