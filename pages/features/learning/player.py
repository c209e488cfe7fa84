"""The player of a film: one large picture, a scrubber with a play button, and a strip of all pictures.

All pictures lie over one another and one is visible, so that scrubbing and playing need no server and do not flicker.
The server is told of the epoch at which the hand or the film rests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.data_url import data_url
from pages.common.style import apply_ratio

_HTML = """
<section>
  <div class="stage"></div>
  <div class="bar">
    <button class="play" type="button"></button>
    <input type="range" min="0" step="1" aria-label="Epoch">
  </div>
  <p class="caption"></p>
  <div class="strip" role="group" aria-label="Film strip"></div>
</section>
"""

_CSS = """
section { container-type: inline-size; font-family: var(--st-font); color: var(--st-text-color);
  font-variant-numeric: tabular-nums; }
.stage { position: relative; margin: 0 auto; min-height: 2px; }
.stage img { position: absolute; inset: 0; width: 100%; height: 100%; visibility: hidden; }
.stage img.shown { visibility: visible; }
.bar { display: flex; align-items: center; gap: 0.9rem; margin-top: 0.6rem; }
button { font: inherit; color: inherit; cursor: pointer; }
.play { flex: none; width: 6rem; height: 2.5rem; border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.25rem); background: var(--st-secondary-background-color); }
.play:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
.bar input { flex: 1; min-width: 0; height: 2rem; margin: 0; border-radius: 0.25rem; cursor: pointer;
  accent-color: var(--st-primary-color); }
.caption { margin: 0.25rem 0 0.6rem; min-height: 1.5em; line-height: 1.5; }
.strip { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 0.2rem; }
@container (max-width: 30rem) { .strip { --columns: var(--few); } }
@container (max-width: 24rem) { .caption { min-height: 3em; } }  /* so that nothing moves when it grows longer */
.strip button { padding: 0.2rem; border: 2px solid transparent; border-radius: 0.2rem; background: none;
  font-size: 0.75rem; line-height: 1.4; text-align: center; white-space: nowrap; }
.strip button:hover { border-color: var(--st-border-color); }
.strip button[aria-current=true] { border-color: var(--st-primary-color); font-weight: 600; }
.strip img { display: block; width: 100%; aspect-ratio: var(--aspect); object-fit: contain; margin-bottom: 0.15rem; }
button:focus-visible, input:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
"""

_JS = """
const BEAT = 1000, REST = 150, MAX_COLUMNS = 10;

const makeImage = ({ url }, alt) => Object.assign(new Image(), { src: url, alt, decoding: "sync", draggable: false });

export default function ({ data: [data], parentElement, setStateValue }) {
  const find = (selector) => parentElement.querySelector(selector);
  const section = find("section"), range = find("input"), play = find(".play");
  const film = (section.film ??= { shown: 0 });
  const { frames } = data;
  const states = frames.flatMap((frame, place) => (frame.epoch === null ? [] : [place]));

  const columns = (most) => Math.ceil(frames.length / Math.ceil(frames.length / most));

  const build = () => {
    const { width, height } = data, aspect = width / height;
    Object.assign(find(".stage").style, { width: `min(100%, calc(58vh * ${aspect}))`, aspectRatio: aspect });
    find(".stage").replaceChildren(...frames.map((frame) => makeImage(frame, frame.alt)));
    section.style.setProperty("--columns", columns(MAX_COLUMNS));
    section.style.setProperty("--few", columns(MAX_COLUMNS / 2));
    find(".strip").style.setProperty("--aspect", Math.min(3, Math.max(0.75, aspect)));
    find(".strip").replaceChildren(...frames.map((frame, place) => {
      const button = Object.assign(document.createElement("button"), { type: "button", title: frame.caption });
      button.append(makeImage(frame, ""), frame.title);
      button.onclick = () => { pause(); show(place); };
      return button;
    }));
    range.max = states.length - 1;
    range.disabled = play.disabled = states.length < 2;
  };

  const show = (place) => {
    film.shown = place;
    const frame = frames[place];
    find(".stage").childNodes.forEach((image, other) => image.classList.toggle("shown", other === place));
    find(".strip").childNodes.forEach((button, other) => button.setAttribute("aria-current", other === place));
    find(".caption").textContent = frame.caption;
    if (frame.epoch === null) return;
    range.value = states.indexOf(place);
    range.setAttribute("aria-valuetext", frame.caption);
    clearTimeout(film.sending);
    film.sending = setTimeout(() => film.send(frame.epoch), REST);
  };

  const label = () => { play.textContent = film.timer ? "\\u275a\\u275a  Pause" : "\\u25b6\\ufe0e  Play"; };
  const pause = () => { clearInterval(film.timer); film.timer = null; label(); };
  const step = () => {
    const next = states.indexOf(film.shown) + 1;
    if (!section.isConnected || next >= states.length) return pause();
    show(states[next]);
    if (next === states.length - 1) pause();
  };
  const start = () => {
    if (film.shown === states.at(-1) || !states.includes(film.shown)) show(states[0]);
    film.timer = setInterval(() => film.step(), BEAT);
    label();
  };

  film.send = (epoch) => setStateValue("epoch", epoch);
  film.step = step;
  play.onclick = () => (film.timer ? pause() : start());
  range.oninput = () => { pause(); show(states[Number(range.value)]); };
  if (film.id !== data.id) {
    film.id = data.id;
    pause();
    build();
    show(Math.max(0, frames.findIndex((frame) => frame.epoch === data.start)));
  }
}
"""

_component = st.components.v2.component("film", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Picture:
    """One picture of the strip."""

    title: str
    """Under its thumbnail."""
    caption: str
    """Under the large picture."""
    alt: str
    content: bytes
    """WebP."""
    epoch: int | None
    """None for what stands beside the film: grey, and the original."""


def _data(picture: Picture) -> dict[str, str | int | None]:
    url = data_url(picture.content, "webp")
    return {
        "title": picture.title,
        "caption": picture.caption,
        "alt": picture.alt,
        "url": url,
        "epoch": picture.epoch,
    }


def show_player(film: str, pictures: Sequence[Picture], size: tuple[int, int], start: int) -> int | None:
    """Show a film; return the epoch that it was last at, None before it has told any.

    Args:
        film: names the film: with another name, other pictures are taken and `start` is shown.
        pictures: in the order of the strip; all of one aspect ratio, that of `size` (width, height).
        start: the epoch to begin with.
    """
    width, height = size
    frames = [_data(picture) for picture in pictures]
    apply_ratio((width, height))
    data = {"id": film, "frames": frames, "start": start, "width": width, "height": height}
    # A tuple, since of a dictionary Streamlit asks pandas for tables; the callback makes "epoch" a part of the state.
    state = _component(key="film", data=(data,), on_epoch_change=lambda: None)
    epoch: int | None = state.get("epoch")
    return epoch
