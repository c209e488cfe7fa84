"""The album under the photo: how far it is, thumbnails that fill in, and all of it as one ZIP."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import streamlit as st
from PIL import Image

from colorizer.images.saving import OutputFormat
from pages.common.background_jobs import background_jobs, presence_of_visitor
from pages.common.data_url import data_url
from pages.common.delivery import download_button
from pages.common.library_limits import names_of
from pages.common.markdown import plain
from pages.common.photo_library import LibraryPhoto, PhotoLibrary
from pages.common.photo_strip import thumbnail_of
from pages.common.previews import encode_thumbnail
from pages.common.visitor_memory import visitor_memory
from pages.features.album.archive import LEAST_PART_BYTES, archives_of
from pages.features.album.coloring import THUMBNAIL_SIZE, colour_album
from pages.features.album.entries import ColoringOptions, entry_of, next_to_colour

_HERE: Final = Path(__file__)
_KIND: Final = "album"
_PICKED: Final = "album-picked"  # in the session, from the click to the run of the whole page
_LEAST_PHOTOS: Final = 2
_TILES: Final = 24  # in one message to the browser, which is sent again only when one of them changes
_POLL_SECONDS: Final = 2.0  # between them the page is at rest, for the next photos to come in
_PARTS: Final = "The memory of this server does not hold all of it at once, so it comes in parts."
_component = st.components.v2.component(
    "album_grid",
    html='<div class="grid" role="group" aria-label="Photos of the album"></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def take_from_canvas(photo: LibraryPhoto, coloring: ColoringOptions, picture: bytes) -> None:
    """Take what the page shows of a photo as its thumbnail; its file is made with the ZIP."""
    entry = entry_of(photo)
    entry.want(coloring)
    if entry.is_done:
        return
    with Image.open(io.BytesIO(picture)) as image:
        entry.fill(coloring, encode_thumbnail(image, THUMBNAIL_SIZE), None)


def is_album(library: PhotoLibrary) -> bool:
    """Tell whether a visitor has several photos."""
    return len(library.photos) >= _LEAST_PHOTOS


def show_album(
    library: PhotoLibrary,
    chosen: str,
    format: OutputFormat,
    coloring_of: Callable[[LibraryPhoto], ColoringOptions],
    pick: Callable[[str], None],
    forget: Callable[[Sequence[str]], None],
) -> None:
    """Show the album, and have what is missing coloured; call it when the photo is shown.

    Args:
        library: the visitor's photos.
        chosen: the key of the one that is looked at.
        format: of the files in the ZIP.
        coloring_of: says how each photo is to be coloured.
        pick: is called with the key of a photo that was clicked.
        forget: is called with the keys of photos that are not to be kept.
    """
    photos = list(library.photos.values())
    for photo in photos:
        entry_of(photo).want(coloring_of(photo))
    with st.container(key="album"):
        st.subheader("Your photos")
        is_polling = next_to_colour(photos) is not None
        st.fragment(_show, run_every=_POLL_SECONDS if is_polling else None)(
            library, photos, chosen, format, pick, is_polling
        )
        st.button(
            "Forget all photos",
            icon=":material/close:",
            type="tertiary",
            help="Takes them off this page and out of your browser.",
            on_click=forget,
            args=([photo.key for photo in photos],),
            key="album-forget",
        )


def _show(
    library: PhotoLibrary,
    photos: Sequence[LibraryPhoto],
    chosen: str,
    format: OutputFormat,
    pick: Callable[[str], None],
    is_polling: bool,
) -> None:
    is_working = next_to_colour(photos) is not None
    if is_working:
        background_jobs().keep_going(_KIND, _KIND, lambda still_wanted: colour_album(library, still_wanted))
    if st.session_state.pop(_PICKED, False) or (is_polling and not is_working):
        st.rerun()  # a run of the whole page: it shows the photo, and ends the polling
    _show_progress(photos)
    _show_downloads(photos, format, is_working)
    for first in range(0, len(photos), _TILES):
        _show_tiles(photos[first : first + _TILES], chosen, pick, first // _TILES)


def _show_progress(photos: Sequence[LibraryPhoto]) -> None:
    entries = [entry_of(photo) for photo in photos]
    done = sum(entry.is_done for entry in entries)
    failures = [photo.name for photo, entry in zip(photos, entries, strict=True) if entry.is_done and entry.failure]
    coloured = done - len(failures)
    text = f"{coloured} of {len(photos)} photos are coloured."
    if coloured == len(photos):
        text = f"All {coloured} photos are coloured. Click one to change its colours."
    st.progress(done / len(photos), text)
    if failures:
        st.caption(plain(f"{len(failures)} could not be coloured: {names_of(failures)}."))


def _show_downloads(photos: Sequence[LibraryPhoto], format: OutputFormat, is_working: bool) -> None:
    """Offer the ZIP; while photos are coloured it has its place only."""
    archives = []
    if not is_working:
        archives = archives_of(photos, format, max(LEAST_PART_BYTES, visitor_memory().room()), presence_of_visitor())
    if len(archives) > 1:
        st.caption(_PARTS)
    with st.container(key="album-downloads", horizontal=True):
        if not archives:
            st.button("Download all photos (ZIP)", icon=":material/folder_zip:", disabled=True, key="album-zip-wait")
        for archive in archives:
            name = "coloured-photos.zip" if len(archives) == 1 else f"coloured-photos-{archive.first}.zip"
            which = f"all {archive.last} photos" if len(archives) == 1 else f"photos {archive.first} to {archive.last}"
            download_button(
                f"Download {which} (ZIP)",
                make=archive.render,
                file_name=name,
                mime="application/zip",
                icon=":material/folder_zip:",
                type="primary",
                key=f"album-zip-{archive.first}",
            )


def _tile(photo: LibraryPhoto, chosen: str) -> dict[str, object]:
    entry = entry_of(photo)
    state = "waiting" if not entry.is_done else "failed" if entry.failure else "coloured"
    picture = entry.thumbnail or thumbnail_of(photo).picture
    return {
        "key": photo.key,
        "name": photo.name,
        "url": data_url(picture, "jpeg"),
        "state": state,
        "isGrey": not entry.thumbnail,
        "isChosen": photo.key == chosen,
    }


def _show_tiles(photos: Sequence[LibraryPhoto], chosen: str, pick: Callable[[str], None], number: int) -> None:
    key, known = f"album-tiles-{number}", {photo.key for photo in photos}

    def told() -> None:
        wanted = st.session_state[key].get("pick")
        if isinstance(wanted, str) and wanted in known:  # a browser may send anything
            pick(wanted)
            st.session_state[_PICKED] = True

    _component(key=key, data=([_tile(photo, chosen) for photo in photos],), on_pick_change=told)
