"""Where photos come from: upload, link, camera, samples; and which one is looked at."""

from collections.abc import Sequence

import streamlit as st

from colorizer.images import LIMITS
from pages.common.model_cache import open_photo
from pages.common.photo_library import Album, Arrival, Shot, make_shot
from pages.common.sample_photos import SAMPLES, read_sample

_LOOKED_AT = "looked-at"  # in the session: a photo that came by a link is not kept by its widget on a page change
_MAX_MEGABYTES = LIMITS.max_bytes // 1_000_000


def _take_uploads(album: Album, key: str) -> None:
    album.receive([Arrival(file.name, file.getvalue()) for file in st.session_state[key] or []])


def _take_camera(album: Album, key: str) -> None:
    if (file := st.session_state[key]) is not None:
        album.receive([Arrival("Camera", file.getvalue())])


def take_link(album: Album) -> None:
    """What the button beside `link_field` does: nothing else ever fetches a link."""
    if link := str(st.session_state["link"]).strip():
        album.receive([Arrival(link, None)])


def link_field() -> None:
    """The field for a link, to stand in a form of the page's."""
    st.text_input("Link to a picture", placeholder="https://...", key="link", persist_state="session")


def show_uploader(album: Album) -> None:
    """A place for files.

    It takes any file: what it is shows in its content, and `open_image` has a sentence for each wrong kind.
    """
    key = f"upload-{album.serial}"
    st.file_uploader(
        "Photos to colour",
        accept_multiple_files=True,
        max_upload_size=_MAX_MEGABYTES,
        key=key,
        on_change=_take_uploads,
        args=(album, key),
        label_visibility="collapsed",
    )


def show_sources(album: Album) -> None:
    """The ways to give a photo. What is given is taken at once, and the uploader is empty again."""
    source = st.segmented_control(
        "Your photo",
        ("Upload", "Link", "Camera"),
        default="Upload",
        required=True,
        key="source",
        persist_state="session",
    )
    if source == "Upload":
        show_uploader(album)
    elif source == "Link":
        with st.form("link-form", border=False):
            link_field()
            st.form_submit_button("Fetch", on_click=take_link, args=(album,))
    else:
        key = f"camera-{album.serial}"
        st.camera_input("Take a picture", key=key, on_change=_take_camera, args=(album, key))


def open_arrivals(album: Album) -> None:
    """Open what was given; the last that can be opened is the one to look at."""
    while album.arrivals:
        name = album.arrivals[0].name
        with st.spinner(f"Opening {name} ..."):
            shot = album.open_next()
        if shot is not None:
            st.session_state["photo"] = shot.key


def _first_photo(options: Sequence[str]) -> str:
    """The sample of the link, else what was looked at on another page, else the first sample."""
    wanted = (st.query_params.get("sample", ""), str(st.session_state.get(_LOOKED_AT)))
    return next((key for key in wanted if key in options), SAMPLES[0])


def choose_photo(album: Album) -> str:
    """The photo to look at: the key of one of the visitor's, or the name of a sample, which then stands in the link."""
    options = [*reversed(album.shots), *SAMPLES]
    if st.session_state.get("photo") not in options:
        st.session_state["photo"] = _first_photo(options)

    def title(key: str) -> str:
        return album.shots[key].name if key in album.shots else key

    pills = st.pills("Photo", options, format_func=title, required=True, key="photo", persist_state="session")
    chosen = pills or options[0]
    st.session_state[_LOOKED_AT] = chosen
    if chosen in album.shots:
        st.query_params.pop("sample", None)
        st.button(
            f"Remove {title(chosen)}", icon=":material/close:", type="tertiary", on_click=_remove, args=(album, chosen)
        )
    else:
        st.query_params["sample"] = chosen
    return chosen


def _remove(album: Album, key: str) -> None:
    album.shots.pop(key, None)
    album.problems.clear()


def shot_of(album: Album, key: str) -> Shot:
    """The photo of a key; a sample is opened when it is first looked at, and kept."""
    if key in album.shots:
        return album.shots[key]
    if key not in album.samples:
        content = read_sample(key)
        album.samples[key] = make_shot(key, content, open_photo(content, key), key)
    return album.samples[key]


def choose_view(album: Album, page: str) -> Shot:
    """The photos in one line, and beside them where an own one goes in; the photo to look at.

    Args:
        album: the visitor's.
        page: whose keys these are.
    """
    # What was given is to be seen now, so there is a new popover then, which is closed. To close the old one would do
    # nothing where the browser was not told yet that the server knows it to be open.
    own = f"{page}-own-{album.serial}"
    with st.container(key=f"{page}-own-row", horizontal=True, vertical_alignment="bottom"):
        photos = st.container(key="photos", horizontal=True)
        with st.popover("Your own photo", icon=":material/add_photo_alternate:", key=own, on_change="rerun"):
            show_sources(album)
    open_arrivals(album)
    for problem in album.problems:
        st.error(problem)
    with photos:
        return shot_of(album, choose_photo(album))
