"""The look that Streamlit's theme has no setting for: tabular figures, the grid of tiles, controls kept in view."""

import io
from functools import cache

import streamlit as st
from PIL import Image, ImageDraw

_CSS = """
<style>
.stMain { font-variant-numeric: tabular-nums; }
.stMainBlockContainer { padding: 3.25rem 2rem 3rem; }
.stMain h1 { padding: 0 0 0.25rem; }

/* The navigation lies beside Streamlit's status, above the page; on a narrow screen it stands over
   the title, in as many rows as it needs. */
.stAppHeader { background: none; pointer-events: none; }
.stAppHeader * { pointer-events: auto; }
.stMainBlockContainer { position: relative; }
.stApp:has([data-testid="stFileUploader"] [aria-invalid="true"]) .st-key-photo-problems { display: none; }
.st-key-nav {
  position: absolute; top: 0; left: 0; width: auto; max-width: calc(100% - 5rem); height: 3.25rem;
  padding: 0 1.5rem; align-items: center; flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none;
}
.st-key-nav > * { flex: none; }
.st-key-nav p { white-space: nowrap; }

/* Controls stand beside the photos and stay in view; on a narrow screen they follow under them. */
@media (min-width: 900px) {
  .stColumn:has(> div .st-key-controls) { position: sticky; top: 1rem; align-self: flex-start; }
}
@media (max-width: 899px) {
  .stHorizontalBlock:has(> .stColumn .st-key-controls) { flex-direction: column; }
  .stHorizontalBlock:has(> .stColumn .st-key-controls) > .stColumn { width: 100%; flex: 1 1 auto; }
}

/* Pictures that are compared have one size and one baseline. */
[class*="st-key-tiles-"] { display: grid !important; gap: 1rem; align-items: start; }
.st-key-tiles-2 { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.st-key-tiles-3 { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.st-key-tiles-4 { grid-template-columns: repeat(2, minmax(0, 1fr)); }
@media (min-width: 1280px) { .st-key-tiles-4 { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
[class*="st-key-tiles-"] > * { min-width: 0; }
[class*="st-key-tile-"] { gap: 0.4rem; }
[class*="st-key-tile-"] img { border-radius: 0; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 3.25rem 1rem 3rem; }
  .stMain .stMainBlockContainer { padding-top: 0.6rem; }
  .st-key-nav {
    position: static; max-width: none; height: auto; padding: 0 4rem 0 0;
    flex-wrap: wrap; overflow: visible; gap: 0.25rem;
  }
  [class*="st-key-tiles-"] { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem; }
  [class*="st-key-tiles-"] > :has(.st-key-tile-grey) { order: -2; }
  [class*="st-key-tiles-"] > :has(.st-key-tile-original) { order: -1; }
}

.tile h3 { font-size: 0.95rem; font-weight: 600; margin: 0; padding: 0; display: flex; justify-content: space-between; }
.tile .time { font-weight: 400; white-space: nowrap; }
.tile .wait { font-weight: 400; }
.stMain .tile .remark { font-size: 0.8rem; line-height: 1.35; opacity: 0.8; margin: 0.1rem 0 0.2rem; }

/* With remarks of several lengths all tiles of a row are as high as the highest: titles line up above them, figures and
   downloads below. Where grey and original share a row with results they keep the place of a download free. */
[class*="st-key-tiles-"]:has(.remark) { align-items: stretch; }
[class*="st-key-tiles-"]:has(.remark) :is(.stElementContainer:has(.tile), .stHtml:has(.tile), .tile) {
  flex: 1; display: flex; flex-direction: column;
}
[class*="st-key-tiles-"]:has(.remark) .tile dl { margin-top: auto; }
[class*="st-key-tiles-"]:has(.remark) .stDownloadButton :is(div, p) { min-width: 0; }
[class*="st-key-tiles-"]:has(.remark) .stDownloadButton p {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
}
@media (min-width: 1280px) {
  .st-key-tiles-4:has(.remark) :is(.st-key-tile-grey, .st-key-tile-original) { padding-bottom: 2.15rem; }
}
.stMain .tile dl {
  display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 0.5rem; margin: 0.15rem 0 0; padding: 0;
}
.stMain .tile dt { font-size: 0.75rem; grid-row: 1; font-weight: 400; margin: 0; padding: 0; }
.stMain .tile dd { font-size: 0.9rem; grid-row: 2; white-space: nowrap; margin: 0; padding: 0; }
.stMain .tile dd.best { font-weight: 700; }
.tile dd.best::before { content: "\\2605\\00a0" / ""; }
[class*="st-key-tile-"] button { padding: 0; min-height: 1.5rem; justify-content: flex-start; text-align: left; }
.stMain a.to-controls { color: inherit; }
@media (min-width: 900px) { .stElementContainer:has(.to-controls) { display: none; } }
.stMain .status { margin: 0; min-height: 1.5em; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 640px) {
  .tile h3 { flex-direction: column; }
  .stMain .tile dl { grid-template-columns: auto 1fr; }
  .stMain .tile dt, .stMain .tile dd { grid-row: auto; font-size: 0.8rem; line-height: 1.5; }
}

.stMain ul.swatches {
  display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 0.25rem;
  list-style: none; margin: 0; padding: 0;
}
.stMain .swatches li {
  margin: 0; padding: 0; font-size: 0.7rem; line-height: 1.3; text-align: center; white-space: nowrap;
}
.stMain .swatches i { display: block; height: 1.1rem; border: 1px solid #80808080; }

/* Strips of tiny pictures: enlarged by whole factors where they can be, so that their pixels stay square and even. A
   strip of many pictures scrolls inside its own box, the names of its rows staying in view. */
.stMain .strip-title { font-size: 0.95rem; font-weight: 600; margin: 0; padding: 0 0 0.3rem; }
.strip { container-type: inline-size; overflow-x: auto; position: relative; }
.strip table { --cell: clamp(64px, round(down, 100cqw / var(--n) - 2px, var(--step, 32px)), 128px); margin: 0; }
@media (min-resolution: 2dppx) { .strip { --step: 16px; } }
.stMain .strip table { border-collapse: collapse; border: 0; width: auto; }
.stMain .strip :is(th, td) {
  border: 0; padding: 0 2px 0 0; font-size: 0.875rem; font-weight: 400; line-height: 1.3; text-align: left;
  box-sizing: content-box; vertical-align: top;
}
.stMain .strip :is(th, td):last-child { padding: 0; }
.stMain .strip :is(thead th, td) { width: var(--cell); min-width: var(--cell); max-width: var(--cell); }
.stMain .strip thead th { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; font-size: 0.8rem; }
.stMain .strip tbody th { font-size: 0.75rem; padding-top: 0.35rem; }
.strip tbody th span { position: sticky; left: 0; }
.strip img, .strip td > span:only-child {
  display: block; width: var(--cell); height: var(--cell); max-width: none; image-rendering: pixelated;
}
.strip td > span:only-child { background: #80808040; font-size: 0.75rem; padding: 0.3rem; }
.stMain .strip td.best { font-weight: 700; }
.strip td.best::before { content: "\\2605\\00a0" / ""; }
.st-key-strip-foot { min-height: 2.5rem; }
@media (max-width: 640px) {
  [class*="st-key-tiles-"] > :has(.st-key-tile-paints) { grid-column: 1 / -1; }
  .stMain [class*="st-key-tile-swatches"] .swatches { grid-template-columns: repeat(4, minmax(0, 1fr)); }
}

/* That Enter sends a form is written over the end of a long link. */
.stMain .stForm [data-testid="InputInstructions"] { display: none; }

/* Grey, generated, original: a row, on a narrow screen a pile. Tall pictures are shown whole; what comes later has its
   room before, and the other photos stand in one line that scrolls. */
.st-key-triptych [class*="st-key-tile-"] img { max-height: max(20rem, calc(100vh - 20rem)); object-fit: contain; }
.st-key-triptych .st-key-tiles-3 .tile { min-height: 4.3rem; }
.st-key-triptych-status { min-height: 2.5rem; justify-content: center; }
.st-key-triptych-status .stSpinner p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.st-key-photos { position: relative; }
.st-key-photos > :not(.st-key-photo) { position: absolute; top: -0.35rem; left: 4rem; max-width: calc(100% - 4rem); }
.st-key-photos .stButton button { padding: 0 0.25rem; min-height: 2rem; max-width: 100%; }
.st-key-photos .stButton p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
@media (max-width: 640px) {
  .st-key-triptych [class*="st-key-tiles-"] { grid-template-columns: minmax(0, 1fr); }
  .st-key-triptych [class*="st-key-tiles-"] > :nth-child(n) { order: 0; }
  .st-key-triptych .tile h3 { flex-direction: row; }
  .stMain .st-key-triptych .tile dl { grid-template-columns: repeat(3, 1fr); }
  .stMain .st-key-triptych .tile dt { grid-row: 1; }
  .stMain .st-key-triptych .tile dd { grid-row: 2; }
}

.stMain .paints { margin: 0 0 0.2rem; font-size: 0.875rem; }

.stMain .facts {
  display: grid; grid-template-columns: minmax(7rem, 12rem) 1fr; gap: 0.3rem 1rem; margin: 0; padding: 0;
}
.stMain .facts dt { margin: 0; padding: 0; font-weight: 600; }
.stMain .facts dd { margin: 0; padding: 0; overflow-wrap: anywhere; max-width: 75ch; }
@media (max-width: 640px) {
  .stMain .facts { grid-template-columns: 1fr; gap: 0; }
  .stMain .facts dd { margin-bottom: 0.5rem; }
}
</style>
"""


def apply_style() -> None:
    """Put the style on the page; once in each run of the app."""
    st.html(_CSS)


@cache
def _favicon() -> bytes:
    """A disc, half grey and half in colours. Drawn, since Streamlit fetches its icons for the tab from elsewhere."""
    icon = Image.new("RGBA", (128, 128))
    draw = ImageDraw.Draw(icon)
    draw.pieslice((4, 4, 124, 124), 90, 270, "#808080")
    for start, color in ((270, "#d55e00"), (330, "#009e73"), (30, "#0072b2")):
        draw.pieslice((4, 4, 124, 124), start, start + 60, color)
    stream = io.BytesIO()
    icon.save(stream, "PNG")
    return stream.getvalue()


FAVICON = _favicon()
