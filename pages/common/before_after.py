"""A slider between two pictures of one size: a range input over both, so that keyboard, finger and mouse all work."""

from dataclasses import dataclass

import streamlit as st

from pages.common.data_url import data_url

_HTML = """
<figure>
  <div class="stage">
    <img class="right" draggable="false"><img class="left" draggable="false">
    <div class="line"></div>
    <input type="range" min="0" max="100" step="1" value="50">
  </div>
  <figcaption><span class="left-title"></span><span class="right-title"></span></figcaption>
</figure>
"""

_CSS = """
figure { margin: 0; font-family: var(--st-font); color: var(--st-text-color); --cut: 50%; }
.stage { position: relative; margin: 0 auto; line-height: 0; display: none; }
img { position: absolute; inset: 0; width: 100%; height: 100%; }
.left { clip-path: inset(0 calc(100% - var(--cut)) 0 0); }
.line { position: absolute; top: 0; bottom: 0; left: var(--cut); width: 2px; margin-left: -1px; background: #fff;
  box-shadow: 0 0 0 1px #000; pointer-events: none; }
.line::after { content: ""; position: absolute; top: 50%; left: 50%; width: 2rem; height: 2rem; border-radius: 50%;
  transform: translate(-50%, -50%); background: #fffd; box-shadow: 0 0 0 1px #000; }
input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize;
  touch-action: pan-y; }
.stage:has(input:focus-visible) { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
figcaption { display: flex; justify-content: space-between; gap: 1rem; margin: 0.4rem auto 0; font-size: 0.9rem; }
"""

_JS = """
export default function ({ data: [data], parentElement }) {
  const find = (selector) => parentElement.querySelector(selector);
  const figure = find("figure"), stage = find(".stage"), range = find("input");
  const width = `min(100%, calc(75vh * ${data.width / data.height}))`;
  stage.style.width = width;
  find("figcaption").style.width = width;
  stage.style.display = "block";
  stage.style.aspectRatio = `${data.width} / ${data.height}`;
  for (const side of ["left", "right"]) {
    const image = find(`img.${side}`);
    if (image.src !== data[side].url) image.src = data[side].url;
    image.alt = data[side].alt;
    find(`.${side}-title`).textContent = data[side].title;
  }
  range.setAttribute("aria-label", `Divide between ${data.left.title} and ${data.right.title}`);
  const move = () => {
    figure.style.setProperty("--cut", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % ${data.left.title}`);
  };
  range.oninput = move;
  move();
}
"""

_component = st.components.v2.component("before_after", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Side:
    """One of the two pictures, encoded, and its title."""

    title: str
    alt: str
    picture: bytes
    """An encoded preview, JPEG or WebP."""


def _data(side: Side) -> dict[str, str]:
    kind = "jpeg" if side.picture.startswith(b"\xff\xd8") else "webp"
    url = data_url(side.picture, kind)
    return {"title": side.title, "alt": side.alt, "url": url}


def before_after(left: Side, right: Side, size: tuple[int, int]) -> None:
    """Show two pictures of one aspect ratio, `size` (width, height), over one another."""
    width, height = size
    data = {"left": _data(left), "right": _data(right), "width": width, "height": height}
    _component(key="before-after", data=(data,))  # a tuple: of a dictionary Streamlit asks pandas for tables
